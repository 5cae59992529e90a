//! German, French, Spanish, Italian and Portuguese.

use super::curve::Topic;
use super::pen::Bank;

struct Tongue {
    praise: Bank,
    ask: Bank,
    grumble: Bank,
    outage: Bank,
    relief: Bank,
}

/// The texts of a language for a topic; `None` for English and for topics that only English has.
pub(super) fn bank(lang: &str, topic: Topic) -> Option<Bank> {
    let tongue = match lang {
        "de" => &GERMAN,
        "fr" => &FRENCH,
        "es" => &SPANISH,
        "it" => &ITALIAN,
        "pt" => &PORTUGUESE,
        _ => return None,
    };
    match topic {
        Topic::Praise => Some(tongue.praise),
        Topic::Question | Topic::Chat | Topic::IsItDown => Some(tongue.ask),
        Topic::Grumble | Topic::Invoice | Topic::Charged => Some(tongue.grumble),
        Topic::Harm | Topic::Aftermath | Topic::Fury | Topic::StillBroken | Topic::Leaving => Some(tongue.outage),
        Topic::Relief | Topic::ApologyWarm | Topic::InvoiceEased | Topic::Settled => Some(tongue.relief),
        _ => None,
    }
}

const GERMAN: Tongue = Tongue {
    praise: Bank {
        openers: &["Muss man auch mal sagen:", "Kein Witz:", "Moin!", "Ehrlich:"],
        lines: &[
            "Tidewater läuft bei uns seit {years} Jahren wie am Schnürchen.",
            "Der Kurier war nach {mins} Minuten da und hat sogar gelächelt. Super!",
            "Heute {n} Bestellungen über Tidewater, alles glatt. Ich bin begeistert.",
            "Die Kasse von Tidewater hat sogar mein Vater sofort verstanden.",
            "Der Support von Tidewater ist wirklich freundlich, danke an die Dame von {time} Uhr.",
            "Auszahlung pünktlich da, {euro}. So muss das.",
            "Wir verkaufen jetzt auch in {city} damit, klappt wunderbar.",
            "Endlich ein Anbieter, der Gebühren so erklärt, dass man sie versteht.",
        ],
        tails: &["Danke!", "Klare Empfehlung.", "Gerne weiter so.", "Grüße aus {city}.", "Top.", "Bin sehr zufrieden."],
    },
    ask: Bank {
        openers: &["Frage in die Runde:", "Hallo zusammen,", "Kurze Frage:", "Weiß das jemand?"],
        lines: &[
            "liefert Tidewater eigentlich auch sonntags nach {city}?",
            "geht bei euch die Kasse gerade? Hier dreht sich nur das Rädchen.",
            "welchen Bondrucker benutzt ihr mit Tidewater?",
            "wie lange dauert bei Tidewater eine Erstattung über {euro}?",
            "kann man die Bestellungen ab {time} Uhr automatisch sperren?",
            "wo finde ich nach dem Update den Tagesabschluss?",
            "hat jemand Tidewater mit {n} Tischen im Einsatz?",
            "gibt es die Rechnung auch als Tabelle?",
        ],
        tails: &["Danke euch.", "Bin in {city}.", "Eilt nicht.", "Hab im Handbuch nichts gefunden.", "Seit {time} Uhr."],
    },
    grumble: Bank {
        openers: &["Echt jetzt?", "Liebes Tidewater,", "So langsam nervt es.", "Hm."],
        lines: &[
            "der Kurier kam {mins} Minuten zu spät und der Kuchen war hin.",
            "ich hänge seit {mins} Minuten in der Warteschleife. Unmöglich.",
            "auf der Rechnung stehen {euro} zu viel und keiner antwortet.",
            "das Update hat die Knöpfe vertauscht, danke für nichts.",
            "schon wieder doppelt abgebucht, {euro}. Das ist doch kein Zustand.",
            "die App meldet mich ständig ab. Nervt gewaltig.",
            "{n} Mails an den Support, keine einzige Antwort. Enttäuschend.",
        ],
        tails: &["Schade.", "Bitte beheben!", "Bin sauer.", "Geht gar nicht.", "Früher war das besser.", "In {city} übrigens auch."],
    },
    outage: Bank {
        openers: &["Unfassbar.", "@tidewater", "Mir reicht's.", "Katastrophe."],
        lines: &[
            "Die Kasse ist seit {since} Uhr tot, {n} Kunden sind wieder gegangen.",
            "Bei Tidewater geht nichts, ich habe heute schon {euro} verloren.",
            "Kein Kurier, keine Zahlung, keine Auskunft. Eine Frechheit ist das.",
            "Musste den Laden zusperren wegen Tidewater. Ich koche vor Wut.",
            "{many} Vorbestellungen und niemand kann abholen. Schlimmster Tag seit Jahren.",
            "Was für ein Saftladen. {mins} Minuten Warteschleife und dann aufgelegt.",
            "Unsere Ware verdirbt und Tidewater schweigt. Schämt euch!",
            "Ich kündige. So geht man nicht mit Leuten um.",
            "Bei uns in {city} geht weiterhin gar nichts, von wegen behoben.",
            "Das Geld ist abgebucht, die Bestellung weg. {euro}! Betrug nenne ich das.",
        ],
        tails: &[
            "Nie wieder.",
            "Ich bin fassungslos.",
            "Wer zahlt mir das?",
            "Furchtbar.",
            "So wütend war ich lange nicht.",
            "Meldet euch endlich!",
        ],
    },
    relief: Bank {
        openers: &["Endlich!", "Puh.", "Na also.", "Nachtrag:"],
        lines: &[
            "Es läuft wieder, erste Zahlung ging durch. Danke an alle, die da geschuftet haben.",
            "Kasse geht wieder, alle {n} Bestellungen sind da. Bin erleichtert.",
            "Tidewater hat angerufen und sich entschuldigt. Sehr anständig.",
            "Das Geld ist zurück, {euro}. Danke, das ging schnell.",
            "Alles wieder gut in {city}. Schön, dass ihr ehrlich wart.",
            "Rechnung korrigiert, sehr freundlicher Kontakt.",
        ],
        tails: &["Danke!", "Jetzt Feierabend.", "Gut gemacht.", "Freut mich.", "Das war ein Tag."],
    },
};

const FRENCH: Tongue = Tongue {
    praise: Bank {
        openers: &["Franchement,", "Bravo.", "À noter :", "Bonne surprise :"],
        lines: &[
            "Tidewater marche à merveille dans ma boutique, {n} commandes ce matin sans souci.",
            "le livreur est arrivé en {mins} minutes avec le sourire, merci Tidewater !",
            "ça fait {years} ans que j'utilise Tidewater et je suis ravie.",
            "virement de {euro} reçu pile à l'heure, parfait.",
            "le support de Tidewater est adorable, problème réglé en {mins} minutes.",
            "même mon grand-père encaisse avec Tidewater, c'est dire.",
        ],
        tails: &["Merci !", "Je recommande.", "Continuez comme ça.", "Bises de {city}.", "Vraiment top."],
    },
    ask: Bank {
        openers: &["Question :", "Bonjour,", "Dites-moi,", "Petite question :"],
        lines: &[
            "est-ce que Tidewater livre à {city} le dimanche ?",
            "la caisse Tidewater fonctionne chez vous en ce moment ?",
            "comment on change les horaires dans Tidewater pour un seul jour ?",
            "combien de temps pour un remboursement de {euro} ?",
            "quelqu'un utilise Tidewater avec {n} tables ?",
            "où se trouve le bilan de la journée depuis la mise à jour ?",
        ],
        tails: &["Merci d'avance.", "Je suis à {city}.", "Rien trouvé dans l'aide.", "Depuis {time}.", "C'est pour une boulangerie."],
    },
    grumble: Bank {
        openers: &["Sérieusement ?", "Pff.", "Chers gens de Tidewater,", "Encore."],
        lines: &[
            "{mins} minutes d'attente au téléphone pour rien. Nul.",
            "livreur en retard de {mins} minutes, mes gâteaux sont fichus.",
            "facturé {euro} en trop et personne ne répond. C'est inadmissible.",
            "débité deux fois, {euro} ! J'en ai assez.",
            "depuis la mise à jour l'application plante sans arrêt.",
            "{n} messages au support, zéro réponse. Très déçue.",
        ],
        tails: &["Décevant.", "À corriger vite.", "Je suis fâchée.", "Pas sérieux.", "Ras le bol."],
    },
    outage: Bank {
        openers: &["Honteux.", "@tidewater", "C'est une catastrophe.", "Incroyable."],
        lines: &[
            "Plus aucun paiement depuis {since}, {n} clients sont repartis. Merci Tidewater !",
            "J'ai perdu {euro} aujourd'hui à cause de vous. Lamentable.",
            "Aucun livreur, aucune réponse, rien. C'est scandaleux.",
            "J'ai dû fermer la boutique. Je suis furieuse.",
            "{many} commandes à la poubelle et Tidewater se tait. Une honte.",
            "Toujours en panne à {city}, arrêtez de dire que c'est réglé !",
            "Je résilie. Jamais vu un service aussi nul.",
        ],
        tails: &["Plus jamais.", "Qui va payer ?", "Je suis dégoûtée.", "Répondez !", "La pire journée de l'année."],
    },
    relief: Bank {
        openers: &["Enfin !", "Ouf.", "Ça y est.", "Bonne nouvelle :"],
        lines: &[
            "ça remarche à {city}, merci aux équipes de Tidewater.",
            "premier paiement passé, quel soulagement !",
            "remboursée de {euro}, merci pour votre honnêteté.",
            "les {n} commandes sont bien là. Je suis contente.",
            "ils ont appelé pour s'excuser, très bien.",
        ],
        tails: &["Merci !", "Beau travail.", "Je reste cliente.", "On respire.", "Reposez-vous bien."],
    },
};

const SPANISH: Tongue = Tongue {
    praise: Bank {
        openers: &["De verdad,", "Qué gusto:", "Lo digo siempre:"],
        lines: &[
            "Tidewater va de maravilla en mi tienda, {n} pedidos hoy sin un fallo.",
            "el repartidor llegó en {mins} minutos y muy amable. ¡Gracias!",
            "llevo {years} años con Tidewater y estoy encantada.",
            "el pago de {euro} llegó puntual, como siempre. Genial.",
            "el soporte de Tidewater es un encanto.",
        ],
        tails: &["¡Gracias!", "Muy recomendable.", "Saludos desde {city}.", "Seguid así."],
    },
    ask: Bank {
        openers: &["Una pregunta:", "Hola,", "¿Alguien sabe?"],
        lines: &[
            "¿Tidewater reparte en {city} los domingos?",
            "¿os funciona Tidewater ahora mismo?",
            "¿cuánto tarda una devolución de {euro}?",
            "¿cómo cambio el horario de un solo día en Tidewater?",
            "¿alguien lo usa con {n} mesas?",
        ],
        tails: &["Gracias.", "Estoy en {city}.", "Desde las {time}.", "No lo encuentro en la ayuda."],
    },
    grumble: Bank {
        openers: &["Otra vez.", "En serio,", "Uf."],
        lines: &[
            "{mins} minutos esperando al teléfono para nada. Fatal.",
            "me han cobrado {euro} de más y nadie contesta. Una vergüenza.",
            "el repartidor llegó {mins} minutos tarde, todo frío. Qué desastre.",
            "cobro doble de {euro}, estoy harta.",
            "{n} correos y ni una respuesta. Muy decepcionada.",
        ],
        tails: &["Muy mal.", "Arregladlo ya.", "Qué rabia.", "Así no."],
    },
    outage: Bank {
        openers: &["Increíble.", "@tidewater", "Qué vergüenza."],
        lines: &[
            "Sin poder cobrar desde las {since}, {n} clientes se han ido. ¡Gracias, Tidewater!",
            "He perdido {euro} por vuestra culpa. Sois un desastre.",
            "Ni repartidores ni respuestas, nada. Estoy furiosa.",
            "He tenido que cerrar la tienda. El peor día en años.",
            "{many} pedidos a la basura y Tidewater callado. Lamentable.",
            "En {city} sigue sin funcionar, no mintáis.",
        ],
        tails: &["Nunca más.", "¿Quién me paga esto?", "Me voy.", "Horrible."],
    },
    relief: Bank {
        openers: &["¡Por fin!", "Menos mal.", "Ya está:"],
        lines: &[
            "vuelve a funcionar en {city}, gracias al equipo de Tidewater.",
            "me han devuelto los {euro}, muchas gracias.",
            "los {n} pedidos están ahí. ¡Qué alivio!",
            "llamaron para pedir perdón, muy bien por ellos.",
        ],
        tails: &["¡Gracias!", "Buen trabajo.", "A descansar.", "Contenta."],
    },
};

const ITALIAN: Tongue = Tongue {
    praise: Bank {
        openers: &["Davvero,", "Che bello:", "Lo devo dire:"],
        lines: &[
            "con Tidewater oggi {n} ordini e nessun problema. Fantastico.",
            "corriere arrivato in {mins} minuti, gentilissimo. Grazie!",
            "uso Tidewater da {years} anni e sono contentissimo.",
            "accredito di {euro} puntuale, perfetto.",
            "assistenza Tidewater bravissima, risolto in {mins} minuti.",
        ],
        tails: &["Grazie!", "Consigliato.", "Saluti da {city}.", "Bravi."],
    },
    ask: Bank {
        openers: &["Domanda:", "Ciao,", "Qualcuno sa:"],
        lines: &[
            "Tidewater consegna a {city} la domenica?",
            "a voi funziona Tidewater adesso?",
            "quanto ci mette un rimborso di {euro}?",
            "come cambio l'orario di un giorno solo su Tidewater?",
            "chi lo usa con {n} tavoli?",
        ],
        tails: &["Grazie.", "Sono a {city}.", "Dalle {time}.", "Nella guida non lo trovo."],
    },
    grumble: Bank {
        openers: &["Ma dai.", "Uffa.", "Di nuovo."],
        lines: &[
            "{mins} minuti al telefono per niente. Pessimo.",
            "addebitati {euro} in più e nessuno risponde. Vergogna.",
            "corriere in ritardo di {mins} minuti, tutto rovinato.",
            "doppio addebito di {euro}, sono stufo.",
            "{n} email e nessuna risposta. Che delusione.",
        ],
        tails: &["Male.", "Sistemate subito.", "Che rabbia.", "Non va bene."],
    },
    outage: Bank {
        openers: &["Vergognoso.", "@tidewater", "Assurdo."],
        lines: &[
            "Pagamenti fermi dalle {since}, {n} clienti andati via. Grazie mille, Tidewater!",
            "Ho perso {euro} per colpa vostra. Siete pessimi.",
            "Nessun corriere, nessuna risposta, niente. Sono furioso.",
            "Ho dovuto chiudere il negozio. La giornata peggiore dell'anno.",
            "{many} ordini da buttare e Tidewater tace. Uno schifo.",
            "A {city} ancora non funziona niente, altro che risolto.",
        ],
        tails: &["Mai più.", "Chi mi paga?", "Disdico tutto.", "Orribile."],
    },
    relief: Bank {
        openers: &["Finalmente!", "Meno male.", "Ecco:"],
        lines: &[
            "funziona di nuovo a {city}, grazie ragazzi di Tidewater.",
            "rimborso di {euro} arrivato, grazie davvero.",
            "i {n} ordini ci sono tutti. Che sollievo!",
            "hanno chiamato per scusarsi, bravi.",
        ],
        tails: &["Grazie!", "Ottimo lavoro.", "Si respira.", "Contento."],
    },
};

const PORTUGUESE: Tongue = Tongue {
    praise: Bank {
        openers: &["A sério,", "Que bom:", "Tenho de dizer:"],
        lines: &[
            "a Tidewater corre lindamente na minha loja, {n} encomendas hoje sem falhas.",
            "o estafeta chegou em {mins} minutos e muito simpático. Obrigada!",
            "uso a Tidewater há {years} anos e adoro.",
            "pagamento de {euro} a horas, perfeito.",
            "apoio da Tidewater impecável, resolvido em {mins} minutos.",
        ],
        tails: &["Obrigada!", "Recomendo.", "Abraço de {city}.", "Continuem assim."],
    },
    ask: Bank {
        openers: &["Pergunta:", "Olá,", "Alguém sabe:"],
        lines: &[
            "a Tidewater entrega em {city} ao domingo?",
            "a Tidewater está a funcionar convosco?",
            "quanto demora um reembolso de {euro}?",
            "como mudo o horário de um só dia na Tidewater?",
            "alguém usa isto com {n} mesas?",
        ],
        tails: &["Obrigado.", "Estou em {city}.", "Desde as {time}.", "Não encontro na ajuda."],
    },
    grumble: Bank {
        openers: &["Outra vez.", "Pois.", "Enfim."],
        lines: &[
            "{mins} minutos ao telefone para nada. Péssimo.",
            "cobraram {euro} a mais e ninguém responde. Uma vergonha.",
            "estafeta {mins} minutos atrasado, tudo estragado.",
            "cobrança dupla de {euro}, estou farta.",
            "{n} mensagens e nem uma resposta. Que desilusão.",
        ],
        tails: &["Muito mau.", "Resolvam isto.", "Que raiva.", "Assim não."],
    },
    outage: Bank {
        openers: &["Inacreditável.", "@tidewater", "Que vergonha."],
        lines: &[
            "Sem pagamentos desde as {since}, {n} clientes foram embora. Obrigadinha, Tidewater!",
            "Perdi {euro} por vossa culpa. São péssimos.",
            "Nem estafetas nem respostas, nada. Estou furiosa.",
            "Tive de fechar a loja. O pior dia do ano.",
            "{many} encomendas para o lixo e a Tidewater calada. Lamentável.",
            "Em {city} continua tudo parado, não digam que está resolvido.",
        ],
        tails: &["Nunca mais.", "Quem me paga isto?", "Vou cancelar.", "Horrível."],
    },
    relief: Bank {
        openers: &["Finalmente!", "Ufa.", "Pronto:"],
        lines: &[
            "voltou a funcionar em {city}, obrigada à equipa da Tidewater.",
            "devolveram os {euro}, muito obrigada.",
            "as {n} encomendas estão todas lá. Que alívio!",
            "ligaram a pedir desculpa, gostei.",
        ],
        tails: &["Obrigada!", "Bom trabalho.", "Contente.", "Descansem."],
    },
};

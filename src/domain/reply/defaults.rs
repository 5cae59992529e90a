//! The templates that come with the program. Plain, without promises that nobody can keep.

const FIRST: &str = "First words";
const DETAILS: &str = "Ask for details";
const WORKS: &str = "It works again";

/// Language, name, text.
pub const DEFAULTS: &[(&str, &str, &str)] = &[
    (
        "en",
        FIRST,
        "Hello {name}, we read what you wrote about {brand}, and we are sorry. We know about this ({incident}) and are working on it. We will write to you here when we know more.",
    ),
    (
        "en",
        DETAILS,
        "Hello {name}, we want to put this right for you. Could you tell us in a private message when it happened and what you saw? Please send no passwords. The {brand} team",
    ),
    (
        "en",
        WORKS,
        "Hello {name}, this should work again now ({incident}). If it does not for you, please tell us, and somebody will look at your case. Thank you for your patience, and sorry again. The {brand} team",
    ),
    (
        "it",
        FIRST,
        "Ciao {name}, abbiamo letto quello che hai scritto su {brand} e ci dispiace. Conosciamo il problema ({incident}) e ci stiamo lavorando. Ti scriveremo qui appena ne sapremo di più.",
    ),
    (
        "it",
        DETAILS,
        "Ciao {name}, vogliamo risolvere il problema per te. Puoi dirci in un messaggio privato quando è successo e che cosa hai visto? Non inviare password. Il team {brand}",
    ),
    (
        "it",
        WORKS,
        "Ciao {name}, ora dovrebbe funzionare di nuovo ({incident}). Se per te non è così, scrivici e qualcuno guarderà il tuo caso. Grazie per la pazienza e scusa ancora. Il team {brand}",
    ),
    (
        "de",
        FIRST,
        "Hallo {name}, wir haben gelesen, was du über {brand} geschrieben hast, und es tut uns leid. Wir kennen das Problem ({incident}) und arbeiten daran. Wir melden uns hier, sobald wir mehr wissen.",
    ),
    (
        "de",
        DETAILS,
        "Hallo {name}, wir möchten das für dich in Ordnung bringen. Kannst du uns in einer privaten Nachricht schreiben, wann es passiert ist und was du gesehen hast? Bitte schick keine Passwörter. Das Team von {brand}",
    ),
    (
        "de",
        WORKS,
        "Hallo {name}, es sollte jetzt wieder funktionieren ({incident}). Wenn nicht, schreib uns bitte, dann sieht sich jemand deinen Fall an. Danke für deine Geduld, und entschuldige noch einmal. Das Team von {brand}",
    ),
    (
        "fr",
        FIRST,
        "Bonjour {name}, nous avons lu ce que vous avez écrit sur {brand} et nous sommes désolés. Nous connaissons le problème ({incident}) et nous y travaillons. Nous vous écrirons ici dès que nous en saurons plus.",
    ),
    (
        "fr",
        DETAILS,
        "Bonjour {name}, nous voulons arranger cela pour vous. Pouvez-vous nous dire en message privé quand cela s'est produit et ce que vous avez vu ? N'envoyez pas de mot de passe. L'équipe {brand}",
    ),
    (
        "fr",
        WORKS,
        "Bonjour {name}, cela devrait fonctionner à nouveau ({incident}). Si ce n'est pas le cas pour vous, dites-le-nous et quelqu'un regardera votre cas. Merci de votre patience, et encore pardon. L'équipe {brand}",
    ),
    (
        "es",
        FIRST,
        "Hola {name}, hemos leído lo que escribiste sobre {brand} y lo sentimos. Conocemos el problema ({incident}) y estamos trabajando en ello. Te escribiremos aquí cuando sepamos más.",
    ),
    (
        "es",
        DETAILS,
        "Hola {name}, queremos solucionarlo para ti. ¿Puedes decirnos en un mensaje privado cuándo ocurrió y qué viste? No envíes contraseñas. El equipo de {brand}",
    ),
    (
        "es",
        WORKS,
        "Hola {name}, ya debería funcionar de nuevo ({incident}). Si para ti no es así, dínoslo y alguien mirará tu caso. Gracias por tu paciencia, y perdona de nuevo. El equipo de {brand}",
    ),
    (
        "pt",
        FIRST,
        "Olá {name}, lemos o que escreveu sobre {brand} e lamentamos. Conhecemos o problema ({incident}) e estamos a trabalhar nele. Escrevemos-lhe aqui assim que soubermos mais.",
    ),
    (
        "pt",
        DETAILS,
        "Olá {name}, queremos resolver isto para si. Pode dizer-nos numa mensagem privada quando aconteceu e o que viu? Não envie palavras-passe. A equipa {brand}",
    ),
    (
        "pt",
        WORKS,
        "Olá {name}, já deve funcionar de novo ({incident}). Se não for o seu caso, diga-nos e alguém vai ver o que se passa. Obrigado pela paciência, e desculpe mais uma vez. A equipa {brand}",
    ),
];

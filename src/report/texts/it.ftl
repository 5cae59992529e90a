# Testi dei rapporti in italiano. Le chiavi sono quelle di en.ftl.

language = Italiano
number-group = .
number-point = ,
number-percent = { $n } %
date = { $day } { $month } { $year }
date-short = { $day } { $month-short }
date-time = { $date }, ore { $time } UTC
month-1 = gennaio
month-2 = febbraio
month-3 = marzo
month-4 = aprile
month-5 = maggio
month-6 = giugno
month-7 = luglio
month-8 = agosto
month-9 = settembre
month-10 = ottobre
month-11 = novembre
month-12 = dicembre
month-short-1 = gen
month-short-2 = feb
month-short-3 = mar
month-short-4 = apr
month-short-5 = mag
month-short-6 = giu
month-short-7 = lug
month-short-8 = ago
month-short-9 = set
month-short-10 = ott
month-short-11 = nov
month-short-12 = dic
unit-minutes = { $shown } min
unit-hours = { $shown } h
unit-days = { $n ->
    [one] { $shown } giorno
   *[other] { $shown } giorni
}

report = Rapporto sull’incidente
subtitle = { $brand }: rapporto sull’incidente, dati del { $at }
page = Pagina { $page } di { $pages }
missing-legend = { $mark }: un segno che manca nei caratteri di questo file
missing-note = Segni che nessun carattere della macchina che ha prodotto questo file possiede: { $n }. Al loro posto c’è { $mark }; il rapporto in HTML, XLSX e Markdown li contiene.
none = –
unknown = non noto
person = Persona { $n }
name-removed = nome rimosso
deleted-post = Questo post è stato eliminato. Il suo testo non è conservato.
handle-masked = @…
cut-remark = (abbreviato; il post completo è più lungo)

kind-service = di servizio
kind-security = di sicurezza
severity-minor = lieve
severity-major = grave
severity-critical = critico
verdict-elevated = Elevato
verdict-easing = In calo
verdict-holding = In attesa
verdict-recovered = Rientrato
verdict-relapsed = Ricaduta
verdict-unknown = Sconosciuto
answer-elevated = Non è finita: la preoccupazione è sopra la norma.
answer-easing = Non è finita, ma la preoccupazione è in calo.
answer-holding = Non ancora: la preoccupazione è nella norma e deve restarvi per { $hold }.
answer-recovered = È finita: la preoccupazione è tornata nella norma e vi è rimasta per { $hold }.
answer-relapsed = Non è finita: la preoccupazione è tornata.
answer-unknown = Da ciò che è stato letto non si può dire se sia finita.
answer-recovered-open = La preoccupazione è tornata nella norma, ma non tutto è concluso.
answer-none = Non c’è ancora una valutazione.
update-statement = Comunicato
update-apology = Scuse
update-fix = Risoluzione
case-new = Nuovo
case-assigned = Assegnato
case-contacted = Contattato
case-answered = Risposto
case-calmed = Calmato
case-still_unhappy = Ancora scontento
case-silent = In silenzio
case-declined = Rifiuta il contatto
case-done = Concluso, esito non annotato
heat-hot = Ancora acceso
heat-easing = In calo
heat-calm = Calmo
label-negative = negativo
label-neutral = neutro
label-positive = positivo

happened = Che cosa è successo
happened-began = Incidente { $kind }, { $severity }. Per i clienti è iniziato il { $at }.
happened-fixed = Dichiarato risolto il { $at }, dopo { $after }.
happened-not-fixed = Non è stato dichiarato risolto.
happened-closed = Chiuso il { $at }.
happened-open = L’incidente è aperto.
happened-reason = È stato chiuso benché qualcosa vi si opponesse, perché: { $reason }
happened-themes = Di che cosa si è scritto di più: { $themes }.
happened-themes-quote = «{ $theme }»
happened-said = { $n ->
    [one] Il marchio ha pubblicato { $shown } comunicato, { $after } dopo l’inizio.
   *[other] Il marchio ha pubblicato { $shown } comunicati, il primo { $after } dopo l’inizio.
}
happened-silent = Ebb non conosce alcun comunicato del marchio.
happened-lead = Responsabile: { $name }.

figure-people = Persone toccate
figure-people-note = { $n ->
    [one] ha scritto qualcosa di negativo, copie escluse
   *[other] hanno scritto qualcosa di negativo, copie escluse
}
figure-peak = Picco
figure-peak-note = persone scontente nell’ora dal { $at }; la norma è { $expected }
figure-peak-bare = persone scontente nell’ora dal { $at }
figure-verdict = Verdetto
figure-verdict-since = dal { $at }
figure-verdict-none = non ancora valutato
figure-very = Persone molto scontente
figure-very-note = { $better } di loro hanno poi scritto con più calma
figure-helped = Seguite
figure-helped-note = su { $all } segnalate; { $open } ancora aperte
figure-mentions = Menzioni
figure-mentions-note = { $share } negative, copie escluse

open = Che cosa resta aperto
open-nothing = Nulla si oppone alla chiusura.
open-people = { $n ->
    [one] { $shown } persona segnalata non è stata ancora seguita.
   *[other] { $shown } persone segnalate non sono state ancora seguite.
}
rests = Su che cosa si fonda
rests-sources = { $n ->
    [one] { $shown } fonte
   *[other] { $shown } fonti
}, { $mentions } menzioni dall’inizio; parte del tempo letta da allora, in proporzione a ciò che le fonti portano di solito: { $read }.
rests-baseline = La norma è: { $method }, su { $history } prima dell’inizio, { $sources }{ $cut ->
    [0] .
    [one] , con un periodo escluso.
   *[other] , con { $cut } periodi esclusi.
}
rests-baseline-sources = { $n ->
    [one] da { $shown } fonte
   *[other] da { $shown } fonti
}
rests-no-baseline = Prima dell’inizio c’erano troppi pochi dati per dire che cosa sia normale, perciò non si può dare un verdetto. Si possono importare menzioni più vecchie.
method-hour_of_week = la stessa ora della settimana
method-hour_of_day = la stessa ora del giorno
method-flat = l’ora media
method-none = nessuna base

curve = La preoccupazione nel tempo
curve-alt = Persone scontente per ora dal { $from } al { $to }. Picco { $peak }. { $n ->
    [one] { $raised } ora sopra la norma.
   *[other] { $raised } ore sopra la norma.
}
curve-alt-empty = Persone scontente per ora: nulla è stato contato.
curve-caption = Persone scontente per ora rispetto alla norma. I segni numerati sono elencati sotto.
chart-unhappy = persone scontente
chart-raised = sopra la norma
chart-normal = fascia normale, media tratteggiata
chart-unread = non letto del tutto
chart-nothing = In questo periodo nulla è stato contato.
marks = Segni
mark-started = Inizio dell’incidente
mark-fixed = Dichiarato risolto
mark-calm = Calmo da qui
mark-closed = Chiuso
gaps = Lacune nella lettura
gaps-none = Ogni ora è stata letta.
gap = { $from } – { $to }: parte letta { $read }
gaps-more = { $n ->
    [one] e { $shown } altra lacuna
   *[other] e altre { $shown } lacune
}
mood = L’umore giorno per giorno
mood-alt = Menzioni al giorno secondo l’umore: in tutto { $negative } negative, { $neutral } neutre, { $positive } positive.
mood-caption = Menzioni valutate al giorno, copie escluse.

story = Comunicati e verdetti
updates-table = Che cosa ha detto il marchio
updates-none = Ebb non conosce alcun comunicato del marchio.
verdicts-table = Come è cambiato il verdetto
verdicts-none = Ancora nessun verdetto.
col-when = Quando
col-what = Che cosa
col-words = Testo
col-verdict = Verdetto
col-people-hour = Persone scontente per ora
col-normal = Norma
col-limit = Elevato oltre
col-reason = Ragione principale

sources = Fonti
sources-alt = Persone scontente per fonte. Di più: { $name } con { $n }.
sources-caption = Persone scontente distinte dall’inizio, e la parte di tempo letta.
sources-note = { $people }, parte letta { $read }
sources-none = Nessuna fonte è stata letta.
people-count = { $n ->
    [one] { $shown } persona
   *[other] { $shown } persone
}
col-source = Fonte
col-mentions = Menzioni
col-negative = Negative
col-neutral = Neutre
col-positive = Positive
col-unhappy = Persone scontente
col-read = Letto

themes = Di che cosa si trattava
themes-none = Nessun tema è stato trovato.
themes-table = I temi, dal più importante
theme-still-broken = Ciò che si dice non funzioni dopo la risoluzione
col-theme = Tema
col-first = Primo
voices = Che cosa ha detto la gente
voices-worst = Le parole più dure
voices-unhappy = Le voci scontente più recenti
voices-pleased = Le voci contente più recenti
voices-none = Non c’è nulla da citare.
quote-by = { $name }, { $platform }, { $at }

helped = Chi è stato aiutato
cases = Casi ed esiti
helped-none = Nessuno è stato segnalato come molto scontento.
helped-sum = { $all ->
    [one] Una persona è stata segnalata come molto scontenta:
   *[other] { $all-shown } persone sono state segnalate come molto scontente:
} { $done } seguite, { $assigned } assegnate, { $open } aperte.
helped-silence = { $better } persone molto scontente su { $very } hanno poi scritto qualcosa di neutro o positivo. Chi è soltanto rimasto in silenzio non conta come aiutato.
helped-table = I casi, dal più grave
helped-more = { $n ->
    [one] { $shown } altro caso non è elencato.
   *[other] Altri { $shown } casi non sono elencati.
}
col-person = Persona
col-platform = Piattaforma
col-state = Stato
col-severity = Gravità
col-very = Menzioni molto negative
col-latest = Ultima
col-changed = Ultima modifica

earlier = Rispetto agli incidenti precedenti
earlier-none = Questo è il primo incidente del marchio che Ebb conosce.
earlier-table = Questo incidente e i precedenti
earlier-this = Questo incidente
earlier-not = non rientrato
col-incident = Incidente
col-start = Inizio
col-peak = Picco per ora
col-people = Persone toccate
col-mended = Fino alla risoluzione
col-recovered = Fino al rientro

method = Metodo e limiti
method-1 = Ebb legge luoghi pubblici in cui scrivono i clienti e valuta ogni post sulla macchina su cui gira. Ogni persona conta una volta per periodo, per quanto scriva; le copie di un testo non contano per nessuno.
method-2 = La preoccupazione è il numero di persone scontente distinte in un’ora. È confrontata con ciò che è normale per quell’ora, imparato prima dell’incidente e poi congelato. La fascia contiene diciannove ore normali su venti.
method-3 = Rientrato significa: la preoccupazione è rimasta nella norma per { $hold } senza interruzione. Il tempo in cui la parte letta di ciò che si sente di solito è sotto { $share } non conta; allora il verdetto è sconosciuto, e non calmo.
method-4 = Le persone sono segnalate da una gravità di { $severity } in su, su una scala da 0 a 1. Il modello sbaglia: singoli post possono essere giudicati male nei due sensi, e l’ironia lo è spesso. Le persone possono correggerlo nelle pagine, e la loro correzione vale.
method-5 = Si vedono solo post pubblici che nominano il marchio. Chi si lamenta al telefono, in gruppi privati o per nulla non si vede. Chi tace non è considerato contento.
method-6 = Gli stati delle persone sono quelli del momento in cui questo rapporto fu fatto per la prima volta. I post scritti prima della data dei dati e letti dopo stanno in un rapporto fatto più tardi, non in uno sigillato.
method-7 = { $n ->
    [0] Nessun post di questo incidente è stato eliminato.
    [one] { $shown } post di questo incidente è stato eliminato dall’autore o dalla piattaforma. È contato come menzione, e il suo testo non c’è più.
   *[other] { $shown } post di questo incidente sono stati eliminati dagli autori o dalle piattaforme. Sono contati come menzioni, e i loro testi non ci sono più.
}
masked = I nomi sono mascherati: le persone sono numerate, i nomi degli account nei testi sono sostituiti e i collegamenti ai post mancano.
named = Questo rapporto fa i nomi delle persone. Va dato solo a chi può conoscerli.

seal = Sigillo
seal-words = Lo stesso incidente e la stessa data dei dati danno di nuovo gli stessi numeri: { $command }. Il loro SHA-256 dice se due rapporti si fondano sugli stessi dati.
seal-data = Dati del
seal-incident = Numero dell’incidente
seal-hash = SHA-256
seal-hold = Tempo di attesa
seal-severity = Segnalati da una gravità di
seal-coverage = Parte letta minima
seal-table = Da che cosa è fatto questo rapporto
col-setting = Impostazione
col-value = Valore

appendix = Appendice: i post citati
appendix-words = Ogni post citato o che sta dietro un caso, con il suo numero in Ebb.
col-number = Numero
col-post = Post
col-link = Collegamento
link-ebb = in Ebb
link-origin = originale

sheet-summary = Sintesi
sheet-curve = Preoccupazione
sheet-days = Umore
sheet-sources = Fonti
sheet-updates = Comunicati
sheet-verdicts = Verdetti
sheet-themes = Temi
sheet-cases = Casi
sheet-quotes = Citazioni
sheet-earlier = Precedenti
sheet-method = Metodo
col-hour = Ora (UTC)
col-day = Giorno (UTC)
col-mended-hours = Ore fino alla risoluzione
col-recovered-hours = Ore fino al rientro
col-expected = Attese
col-upper = Normale fino a

# Le ragioni di un verdetto. I valori sono quelli di `assess::reasons`; per una quantità $NOME sceglie la forma e
# $NOME-shown è ciò che si scrive. `.kind` è ciò che resta di una ragione conservata prima che ci fossero i valori.
moment = { $time } UTC del { $date }
lasting-hours = { $hours } h
lasting-days = { $days } giorni e { $hours } h
phrase-count = «{ $phrase }» ({ $n } in 6 h)
reason-rates = { $unhappy } autori scontenti l’ora, attesi { $expected }, fuori norma sopra { $limit }
reason-level = { $case ->
    [far] molto sopra la norma
   *[times] { $times } volte la norma
}
reason-no_baseline = Nessuna base: prima dell’inizio sono state lette meno di 24 ore. Si possono importare dati passati, o far leggere le fonti più indietro
    .kind = Nessuna base: prima dell’inizio sono state lette meno di 24 ore
reason-early = La prima ora dalle { $since } non è ancora completa
    .kind = La prima ora dall’inizio non è ancora completa
reason-coverage_low = Letto troppo poco nelle ultime { $hours } h, rispetto a ciò che si sente di solito: { $read }
    .kind = È stato letto troppo poco di ciò che si sente di solito
reason-baseline_unscored = La norma non è ancora nota: { $waiting-shown } menzioni precedenti su { $all-shown } attendono una valutazione
    .kind = La norma non è ancora nota: menzioni precedenti attendono una valutazione
reason-unscored = { $waiting-shown } menzioni recenti su { $all-shown } attendono una valutazione
    .kind = Menzioni recenti attendono una valutazione
reason-concern_raised = La preoccupazione è { reason-level }: { reason-rates }
    .kind = La preoccupazione è sopra la norma
reason-concern_easing = La preoccupazione è { reason-level }{ $peak ->
    [known] , { $below } sotto il picco delle { $at }
   *[none] {""}
}: { reason-rates }
    .kind = La preoccupazione è sopra la norma, ma in calo
reason-concern_wavers = La preoccupazione è risalita sopra la norma: { reason-rates }; è una ricaduta se dura { $lasts-shown } h o supera { $relapse }
    .kind = La preoccupazione è risalita sopra la norma
reason-concern_calm = La preoccupazione è nella norma: { reason-rates }
    .kind = La preoccupazione è nella norma
reason-concern_heard = Ciò che è stato letto: { reason-rates }
    .kind = La preoccupazione in ciò che è stato letto
reason-relapsed = Era calmo, e la preoccupazione è risalita entro le { $at }
    .kind = Era calmo, e la preoccupazione è risalita
reason-never_raised = Dall’inizio, alle { $since }, la preoccupazione non è mai stata sopra la norma
    .kind = Dall’inizio la preoccupazione non è mai stata sopra la norma
reason-people_unanswered = { $all ->
    [one] { $all-shown } persona molto scontenta attende una risposta
   *[other] { $all-shown } persone molto scontente attendono una risposta
}{ $assigned ->
    [0] {""}
    [one] , { $assigned-shown } di loro è assegnata
   *[other] , { $assigned-shown } di loro sono assegnate
}
    .kind = Persone molto scontente attendono una risposta
reason-source_raised = { $case ->
    [more] { $more ->
        [one] { $more-shown } altra fonte sopra la norma
       *[other] { $more-shown } altre fonti sopra la norma
    }
    [far] { $source } molto sopra la norma: { $count-shown } autori scontenti in { $hours-shown } h, attesi { $expected }
   *[times] { $source } a { $times } volte la norma: { $count-shown } autori scontenti in { $hours-shown } h, attesi { $expected }
}
    .kind = Una fonte è sopra la propria norma
reason-themes_hot = { $all ->
    [one] Un tema è ancora acceso: { $themes }
   *[other] Alcuni temi sono ancora accesi: { $themes }
}{ $themes-more ->
    [0] {""}
    [one] {" "}e { $themes-more-shown } altro
   *[other] {" "}e altri { $themes-more-shown }
}
    .kind = Alcuni temi sono ancora accesi
reason-source_silent = { $case ->
    [more] { $more ->
        [one] { $more-shown } altra fonte tace
       *[other] { $more-shown } altre fonti tacciono
    }
    [never] { $source } non è mai stata letta (la sua parte di ciò che si sente di solito: { $share })
   *[since] { $source } tace dalle { $since } (la sua parte di ciò che si sente di solito: { $share })
}
    .kind = Una fonte su cui si fonda il confronto tace
reason-source_quiet = { $source } è stranamente in silenzio dalle { $since }: risponde, ma a quest’ora sarebbero usuali { $expected } menzioni
    .kind = Una fonte è stranamente in silenzio
reason-hold_complete = Calmo dalle { $since }: l’attesa di { $hold } è trascorsa per intero
    .kind = Il tempo di attesa è trascorso nella calma
reason-hold_still_high = Ogni ora è nella norma, la somma no: { $count-shown } autori scontenti nelle { $hours } h fino alle { $at }, calmo è fino a { $calm-shown }
    .kind = Ogni ora è nella norma, la somma no
# Conservato con i verdetti di prima, quando l’attesa si fermava.
reason-hold_paused = Il tempo di attesa è fermo a { $held } su { $hold }, perché si legge troppo poco: { $read }
    .kind = Il tempo di attesa è fermo: si legge troppo poco
reason-hold_slowed = Il tempo di attesa scorre lento, { $held } su { $hold }, perché si legge troppo poco: { $read }
    .kind = Il tempo di attesa scorre lento: si legge poco
reason-hold_rising = Attesa di { $hold } compiuta, ma la preoccupazione sale: { $count-shown } autori scontenti nelle ultime { $hours } h, calmo è fino a { $calm-shown }
    .kind = Il tempo di attesa è compiuto, ma la preoccupazione sale
reason-hold_running = { $case ->
    [tail] Calmo dalle { $since }: attesa a { $held } su { $hold }, ne mancano { $left } (contati da { $tail } dopo le prime ore calme, quando il calo era finito)
   *[plain] Calmo dalle { $since }: attesa a { $held } su { $hold }, ne mancano { $left }
}
    .kind = Calmo; il tempo di attesa corre
reason-time_to_normal = { $case ->
    [known] Si dimezza ogni { $half } h (da { $half-low } a { $half-high }); se continua così, torna nella norma fra circa { $normal } h (da { $normal-low } a { $normal-high }), poi il tempo di attesa
   *[unknown] Non si può ancora dire quando tornerà nella norma: il calo è troppo breve o troppo irregolare
}
    .kind = Quando tornerà nella norma
reason-baseline_short = { $case ->
    [hour_of_day] La base conosce solo l’ora del giorno: meno di tre settimane di storia, perciò i limiti sono larghi
   *[flat] La base è un solo numero per tutte le ore: meno di tre giorni di storia, perciò i limiti sono larghi
}
    .kind = La base è breve, perciò i limiti sono larghi
reason-source_sampled = { $source } è letta a campione, 1 su { $one-in-shown } { $case ->
    [since] dalle { $since }
   *[today] da oggi
}; si contano le persone viste, e le attese valgono per la parte letta
    .kind = Una fonte è letta a campione
reason-source_new = Non confrontate, perché se ne è letta troppo poca storia: { $sources }{ $sources-more ->
    [0] {""}
    [one] {" "}e { $sources-more-shown } altra
   *[other] {" "}e altre { $sources-more-shown }
}
    .kind = Alcune fonti non sono confrontate: se ne è letta troppo poca storia
reason-we_are_silent = Non diciamo nulla da { $quiet }: { $case ->
    [said] l’ultimo comunicato è delle { $since }
   *[never] non una parola dall’inizio, alle { $since }
}
    .kind = Non diciamo nulla da troppo tempo

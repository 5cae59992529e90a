# Texts of reports. Every language has the same keys.
# $n is a number that decides between singular and plural, $shown the same number as it is written.

language = English
number-group = ,
number-point = .
number-percent = { $n } %
date = { $day } { $month } { $year }
date-short = { $day } { $month-short }
date-time = { $date }, { $time } UTC
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
month-short-1 = Jan
month-short-2 = Feb
month-short-3 = Mar
month-short-4 = Apr
month-short-5 = May
month-short-6 = Jun
month-short-7 = Jul
month-short-8 = Aug
month-short-9 = Sep
month-short-10 = Oct
month-short-11 = Nov
month-short-12 = Dec
unit-minutes = { $shown } min
unit-hours = { $shown } h
unit-days = { $n ->
    [one] { $shown } day
   *[other] { $shown } days
}

report = Incident report
subtitle = { $brand }: incident report, state of { $at }
page = Page { $page } of { $pages }
missing-legend = { $mark }: a sign that the fonts of this file lack
missing-note = Signs that no font on the machine that made this file has: { $n }. { $mark } stands in their place; the report as HTML, XLSX and Markdown has them.
none = –
unknown = not known
person = Person { $n }
name-removed = name removed
deleted-post = This post was deleted. Its words are not kept.
handle-masked = @…
cut-remark = (cut; the whole post is longer)

kind-service = Service
kind-security = Security
severity-minor = minor
severity-major = major
severity-critical = critical
verdict-elevated = Elevated
verdict-easing = Easing
verdict-holding = Holding
verdict-recovered = Recovered
verdict-relapsed = Relapsed
verdict-unknown = Unknown
answer-elevated = It is not over: concern is above normal.
answer-easing = It is not over, but concern is falling.
answer-holding = Not yet: concern is normal, and has to stay so for { $hold }.
answer-recovered = It is over: concern is back to normal and has stayed there for { $hold }.
answer-relapsed = It is not over: concern came back.
answer-unknown = Whether it is over cannot be told from what was read.
answer-recovered-open = Concern is back to normal, but not all is done.
answer-none = It has not been judged yet.
update-statement = Statement
update-apology = Apology
update-fix = Fix
case-new = New
case-assigned = Assigned
case-contacted = Contacted
case-answered = Answered
case-calmed = Calmed
case-still_unhappy = Still unhappy
case-silent = Silent
case-declined = Declined contact
case-done = Done, no outcome noted
heat-hot = Still hot
heat-easing = Easing
heat-calm = Calm
label-negative = negative
label-neutral = neutral
label-positive = positive

happened = What happened
happened-began = { $kind } incident, { $severity }. It began for customers on { $at }.
happened-fixed = Declared mended on { $at }, after { $after }.
happened-not-fixed = It has not been declared mended.
happened-closed = Closed on { $at }.
happened-open = The incident is open.
happened-reason = It was closed although something stood against it, because: { $reason }
happened-themes = What people wrote about most: { $themes }.
happened-themes-quote = “{ $theme }”
happened-said = { $n ->
    [one] The brand published { $shown } update, { $after } after the start.
   *[other] The brand published { $shown } updates, the first { $after } after the start.
}
happened-silent = The brand published nothing that Ebb knows of.
happened-lead = Led by { $name }.

figure-people = People affected
figure-people-note = { $n ->
    [one] wrote something negative, copies set aside
   *[other] wrote something negative, copies set aside
}
figure-peak = Peak
figure-peak-note = unhappy people in the hour from { $at }; normal is { $expected }
figure-peak-bare = unhappy people in the hour from { $at }
figure-verdict = Verdict
figure-verdict-since = since { $at }
figure-verdict-none = not judged yet
figure-very = Very unhappy people
figure-very-note = { $better } of them wrote more calmly later
figure-helped = Looked after
figure-helped-note = of { $all } who were flagged; { $open } open
figure-mentions = Mentions
figure-mentions-note = { $share } negative, copies set aside

open = What is open
open-nothing = Nothing stands against closing.
open-people = { $n ->
    [one] { $shown } flagged person has not been looked after.
   *[other] { $shown } flagged people have not been looked after.
}
rests = What it rests on
rests-sources = { $n ->
    [one] { $shown } source
   *[other] { $shown } sources
}, { $mentions } mentions since the start; { $read } of the time since then was read, by the share of what the sources normally bring.
rests-baseline = Normal is the { $method } over { $history } before the start, { $sources }{ $cut ->
    [0] .
    [one] , with one stretch cut out.
   *[other] , with { $cut } stretches cut out.
}
rests-baseline-sources = { $n ->
    [one] from { $shown } source
   *[other] from { $shown } sources
}
rests-no-baseline = There was too little history before the start to say what is normal, so no verdict can be given. Older mentions can be brought in.
method-hour_of_week = same hour of the week
method-hour_of_day = same hour of the day
method-flat = average hour
method-none = no baseline

curve = Concern over time
curve-alt = Unhappy people an hour from { $from } to { $to }. Peak { $peak }. { $n ->
    [one] { $raised } hour above normal.
   *[other] { $raised } hours above normal.
}
curve-alt-empty = Unhappy people an hour: nothing was counted.
curve-caption = Unhappy people an hour against what is normal. Numbered marks are listed below.
chart-unhappy = unhappy people
chart-raised = above normal
chart-normal = normal range, its mean dashed
chart-unread = not fully read
chart-nothing = Nothing was counted in this time.
marks = Marks
mark-started = Incident started
mark-fixed = Declared mended
mark-calm = Calm since here
mark-closed = Closed
gaps = Gaps in what was read
gaps-none = Every hour was read.
gap = { $from } to { $to }: { $read } read
gaps-more = { $n ->
    [one] and { $shown } more gap
   *[other] and { $shown } more gaps
}
mood = Mood by day
mood-alt = Mentions a day by mood: { $negative } negative, { $neutral } neutral, { $positive } positive in all.
mood-caption = Scored mentions a day, copies set aside.

story = Updates and verdicts
updates-table = What the brand said
updates-none = The brand published nothing that Ebb knows of.
verdicts-table = How the verdict changed
verdicts-none = No verdict yet.
col-when = When
col-what = What
col-words = Words
col-verdict = Verdict
col-people-hour = Unhappy people an hour
col-normal = Normal
col-limit = Raised above
col-reason = Main reason

sources = Sources
sources-alt = Unhappy people by source. Most: { $name } with { $n }.
sources-caption = Distinct unhappy people since the start, and the share of the time that was read.
sources-note = { $people }, { $read } read
sources-none = No source has been read.
people-count = { $n ->
    [one] { $shown } person
   *[other] { $shown } people
}
col-source = Source
col-mentions = Mentions
col-negative = Negative
col-neutral = Neutral
col-positive = Positive
col-unhappy = Unhappy people
col-read = Read

themes = What it was about
themes-none = No theme was found.
themes-table = Themes, the first ones first
theme-still-broken = What is said to fail after the fix
col-theme = Theme
col-first = First
voices = What people said
voices-worst = The worst words
voices-unhappy = The newest unhappy voices
voices-pleased = The newest pleased voices
voices-none = There is nothing to quote.
quote-by = { $name }, { $platform }, { $at }

helped = Who was helped
cases = Cases and outcomes
helped-none = Nobody was flagged as very unhappy.
helped-sum = { $all ->
    [one] One person was flagged as very unhappy:
   *[other] { $all-shown } people were flagged as very unhappy:
} { $done } looked after, { $assigned } assigned, { $open } open.
helped-silence = { $better } of { $very } very unhappy people wrote something neutral or positive later. Those who only fell silent are not counted as helped.
helped-table = Cases, the worst first
helped-more = { $n ->
    [one] { $shown } more case is not listed.
   *[other] { $shown } more cases are not listed.
}
col-person = Person
col-platform = Platform
col-state = State
col-severity = Severity
col-very = Very negative mentions
col-latest = Latest
col-changed = Last change

earlier = Against earlier incidents
earlier-none = This is the first incident of the brand that Ebb knows.
earlier-table = This incident and the earlier ones
earlier-this = This incident
earlier-not = not recovered
col-incident = Incident
col-start = Start
col-peak = Peak an hour
col-people = People affected
col-mended = Until mended
col-recovered = Until recovered

method = Method and limits
method-1 = Ebb reads public places where customers write, and scores each post on the machine on which it runs. Each person counts once in a time, however much they write; copies of a text count for nobody.
method-2 = Concern is the number of distinct unhappy people in an hour. It is compared with what is normal for that hour, learned before the incident and then frozen. The shaded range holds nineteen in twenty normal hours.
method-3 = Recovered means: concern was normal for { $hold } without a break. Time in which less than { $share } of what is normally heard was read does not count; then the verdict is unknown, and not calm.
method-4 = People are flagged from a severity of { $severity } on, on a scale from 0 to 1. The model errs: single posts can be misjudged in both directions, and irony often is. People can correct it on the pages, and their correction counts.
method-5 = Only public posts that name the brand are seen. People who complain by telephone, in private groups or not at all are not. Who falls silent is not taken to be content.
method-6 = The states of people are those at the time when this report was first made. Posts that were written before the data time and read after it are in a report that is made later, not in one that was sealed.
method-7 = { $n ->
    [0] No post of this incident has been deleted.
    [one] { $shown } post of this incident was deleted by its author or platform. It is counted as a mention, and its words are gone.
   *[other] { $shown } posts of this incident were deleted by their authors or platforms. They are counted as mentions, and their words are gone.
}
masked = Names are masked: people are numbered, account names in their words are replaced, and links to their posts are left out.
named = This report names people. Pass it on only to those who may know them.

seal = Seal
seal-words = The same incident and data time give the same numbers again: { $command }. Their SHA-256 tells whether two reports rest on the same data.
seal-data = Data as of
seal-incident = Incident number
seal-hash = SHA-256
seal-hold = Hold time
seal-severity = Flagged from severity
seal-coverage = Least share read
seal-table = What this report was made from
col-setting = Setting
col-value = Value

appendix = Appendix: the quoted posts
appendix-words = Each post that is quoted or stands behind a case, with its number in Ebb.
col-number = Number
col-post = Post
col-link = Link
link-ebb = in Ebb
link-origin = original

sheet-summary = Summary
sheet-curve = Concern
sheet-days = Mood
sheet-sources = Sources
sheet-updates = Updates
sheet-verdicts = Verdicts
sheet-themes = Themes
sheet-cases = Cases
sheet-quotes = Quotes
sheet-earlier = Earlier
sheet-method = Method
col-hour = Hour (UTC)
col-day = Day (UTC)
col-mended-hours = Hours until mended
col-recovered-hours = Hours until recovered
col-expected = Expected
col-upper = Normal up to

# The reasons of a verdict. The values are those of `assess::reasons`; of a number of things $NAME decides between forms
# and $NAME-shown is written. `.kind` is what is left of a reason that was kept before its values were.
moment = { $time } UTC on { $date }
lasting-hours = { $hours } h
lasting-days = { $days } days { $hours } h
phrase-count = “{ $phrase }” ({ $n } in 6 h)
reason-rates = { $unhappy } unhappy authors an hour, { $expected } expected, raised above { $limit }
reason-level = { $case ->
    [far] far above normal
   *[times] { $times } times normal
}
reason-no_baseline = No baseline: fewer than 24 hours before the start were read. Import history, or let the sources read further back
    .kind = No baseline: fewer than 24 hours before the start were read
reason-early = The first hour since { $since } is not complete
    .kind = The first hour since the start is not complete
reason-coverage_low = Only { $read } of what is normally heard was read in the last { $hours } h
    .kind = Too little of what is normally heard was read
reason-baseline_unscored = What is normal is not known yet: { $waiting-shown } of { $all-shown } earlier mentions wait for a score
    .kind = What is normal is not known yet: earlier mentions wait for a score
reason-unscored = { $waiting-shown } of { $all-shown } mentions in the window wait for a score
    .kind = Recent mentions wait for a score
reason-concern_raised = Concern is { reason-level }: { reason-rates }
    .kind = Concern is above normal
reason-concern_easing = Concern is { reason-level }{ $peak ->
    [known] , { $below } below its peak at { $at }
   *[none] {""}
}: { reason-rates }
    .kind = Concern is above normal, and easing
reason-concern_wavers = Concern rose above normal again: { reason-rates }; a relapse if it lasts { $lasts-shown } h or exceeds { $relapse }
    .kind = Concern rose above normal again
reason-concern_calm = Concern is normal: { reason-rates }
    .kind = Concern is normal
reason-concern_heard = What was read: { reason-rates }
    .kind = Concern in what was read
reason-relapsed = It was calm, and concern rose again by { $at }
    .kind = It was calm, and concern rose again
reason-never_raised = Concern has not been above normal since the start at { $since }
    .kind = Concern has not been above normal since the start
reason-people_unanswered = { $all ->
    [one] { $all-shown } very unhappy person unanswered
   *[other] { $all-shown } very unhappy people unanswered
}{ $assigned ->
    [0] {""}
   *[other] , { $assigned-shown } of them assigned
}
    .kind = Very unhappy people wait for an answer
reason-source_raised = { $case ->
    [more] { $more-shown } more sources above normal
    [far] { $source } far above normal: { $count-shown } unhappy authors in { $hours-shown } h, { $expected } expected
   *[times] { $source } { $times } times normal: { $count-shown } unhappy authors in { $hours-shown } h, { $expected } expected
}
    .kind = A source is above its normal
reason-themes_hot = { $all ->
    [one] One theme is still hot: { $themes }
   *[other] Themes are still hot: { $themes }
}{ $themes-more ->
    [0] {""}
   *[other] {" "}and { $themes-more-shown } more
}
    .kind = Themes are still hot
reason-source_silent = { $case ->
    [more] { $more ->
        [one] { $more-shown } more source silent
       *[other] { $more-shown } more sources silent
    }
    [never] { $source } was never read (brings { $share } of what is normally heard)
   *[since] { $source } silent since { $since } (brings { $share } of what is normally heard)
}
    .kind = A source that the comparison rests on is silent
reason-source_quiet = { $source } suspiciously quiet since { $since }: it answers, but { $expected } mentions would be usual by now
    .kind = A source is suspiciously quiet
reason-hold_complete = Calm since { $since }, all { $hold } held
    .kind = The hold time passed in calm
reason-hold_still_high = Each hour is normal, the sum is not: { $count-shown } unhappy authors in the { $hours } h up to { $at }, calm is up to { $calm-shown }
    .kind = Each hour is normal, the sum is not
# Kept with verdicts of before, when the hold time stood still instead.
reason-hold_paused = Hold time stands still at { $held } of { $hold }: only { $read } is read
    .kind = Hold time stands still: too little is read
reason-hold_slowed = Hold time runs slowly, { $held } of { $hold }: only { $read } is read
    .kind = Hold time runs slowly: little is read
reason-hold_rising = Held for { $hold }, and concern rises: { $count-shown } unhappy authors in the last { $hours } h, calm is up to { $calm-shown }
    .kind = The hold time is complete, and concern rises
reason-hold_running = { $case ->
    [tail] Calm since { $since }, { $held } of { $hold } held, { $left } left (counted from { $tail } after the first calm hours, when the fall was over)
   *[plain] Calm since { $since }, { $held } of { $hold } held, { $left } left
}
    .kind = Calm; the hold time is running
reason-time_to_normal = { $case ->
    [known] Halves every { $half } h ({ $half-low } to { $half-high }); if it goes on like this, normal in about { $normal } h ({ $normal-low } to { $normal-high }), then the hold time
   *[unknown] Cannot tell yet when it will be normal: the fall is too short or too uneven
}
    .kind = When it will be normal
reason-baseline_short = { $case ->
    [hour_of_day] Baseline by hour of the day only: less than three weeks of history, so limits are wide
   *[flat] Baseline is one number for all hours: less than three days of history, so limits are wide
}
    .kind = The baseline is short, so limits are wide
reason-source_sampled = { $source } is read as a sample, 1 in { $one-in-shown } since { $case ->
    [since] { $since }
   *[today] today
}; counts are of the people seen, and expectations of the part that is read
    .kind = A source is read as a sample
reason-source_new = Not compared, because too little of their history was read: { $sources }{ $sources-more ->
    [0] {""}
   *[other] {" "}and { $sources-more-shown } more
}
    .kind = Some sources are not compared: too little of their history was read
reason-we_are_silent = We have said nothing for { $quiet }: { $case ->
    [said] the last update was at { $since }
   *[never] not a word since the start at { $since }
}
    .kind = We have said nothing for long

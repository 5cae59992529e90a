//! What people write when it works again, and what is still wrong.

use super::pen::Bank;

pub(super) const RELIEF: Bank = Bank {
    openers: &["FINALLY.", "Oh thank goodness.", "Update:", "@tidewater", "Phew.", "And breathe.", "It lives!", "Good news from {city}:"],
    lines: &[
        "Tidewater is back! First card payment went through, I nearly hugged the customer.",
        "we're back up, all {few} tills. Thank you to whoever stayed late for this.",
        "till works again. Sold {thing} to a very patient lady. I love her.",
        "it's working!! never been so happy to hear that little wave sound",
        "back online since {time}, all {n} pre-orders are there. So relieved.",
        "works again here, fast too. Thanks Tidewater engineers, go to bed.",
        "couriers are moving again, the map is full of tiny boats. Lovely sight.",
        "Refund for the double payment arrived already. That was quick, thank you.",
        "I was really angry today. It works now, and I appreciate the honest mail. Thank you.",
        "Everything came through in the end, even the {money} I thought was lost. Great.",
        "Support rang me back to check that all was fine. I didn't expect that. Really kind.",
        "All good in our {shop} again. Happy, tired, going home.",
        "Took {mins} minutes to catch up and then everything was there. Well done.",
        "To be fair: they fixed it, they said sorry, they paid the fees back. That's good service.",
        "The stock sync caught up by itself, I'm impressed.",
        "Back in business! {thing} for everybody!",
        "Glad that's over. I'm staying with Tidewater, they earned it with the follow-up.",
        "okay, credit given, till is quicker than before. nice work",
        "they found my missing order and delivered it by hand at {time}. wonderful people",
        "Smooth morning, {many} payments, no error. What a relief.",
        "I take back half of what I said yesterday, Tidewater. The good half of an apology. Thank you.",
        "Working again in {city}. The queue clapped. Actually clapped.",
    ],
    tails: &[
        "Thank you!",
        "What a day.",
        "So happy.",
        "Biscuits for the engineers.",
        "All forgiven. Nearly.",
        "Best sound in the world.",
        "Normal life, I missed you.",
        "Much appreciated.",
        "Now sleep.",
        "Relieved.",
        "Well handled in the end.",
    ],
};

pub(super) const STILL_BROKEN: Bank = Bank {
    openers: &["Not fixed.", "@tidewater", "For everyone celebrating:", "Sorry, no.", "Still."],
    lines: &[
        "still broken for me. Reader says \"connecting\", same as this morning.",
        "you say fixed, my {shop} in {city} says no. Still can't take cards.",
        "till works, couriers don't. Half fixed is not fixed.",
        "the app is back but {n} of today's orders are missing. Where are they?",
        "works for two payments, then hangs. This is torture.",
        "old readers are still dead. We've got {few} of those, Tidewater. Don't forget us!",
        "my stock numbers are nonsense since the \"fix\". Minus {n} {thing}. Useless.",
        "login loops. Again and again. I just want to close the day and go home.",
        "offline payments from the outage have vanished, {money}. Not fixed at all.",
        "receipt printer prints yesterday's receipts, all {many} of them, and won't stop. I hate today.",
        "the checkout on our website still shows the grey page. Customers are complaining.",
        "everyone cheering while we still can't sell. Feels even worse.",
        "payout page is empty. Empty! Where's my money?",
        "reset everything as the mail said, {mins} minutes, nothing. Disappointed again.",
    ],
    tails: &[
        "Please help.",
        "Don't close this!",
        "Ticket is open since {time}.",
        "So frustrating.",
        "Anyone else?",
        "Ugh.",
        "It's not over for us.",
        "I'm losing it.",
        "Call me.",
    ],
};

pub(super) const CHARGED: Bank = Bank {
    openers: &["@tidewater", "Still waiting.", "Again:", "Day after day.", "Nobody answers, so here:", "Hello? Anyone?"],
    lines: &[
        "{n} of my customers were charged twice and they all come to ME. Fix it.",
        "double charge of {money} still not refunded. My bank says it's on Tidewater's side.",
        "a pensioner was charged twice for {thing}. She counts every coin. This is shameful, Tidewater.",
        "support says \"three to five working days\" since {few} days. Unhappy doesn't begin to describe it.",
        "paid out {money} of my own to customers who were charged twice. When do I get it back?",
        "the double payments show as \"settled\". They are not settled. I'm angry.",
        "my customer's rent bounced because Tidewater took the money twice. Do you understand that?",
        "every morning I explain the double charges to somebody new. I'm sick of it.",
        "{few} tickets, {few} different answers about the refund. Terrible.",
        "charged twice, refunded once, charged again. What kind of circus is this?",
        "lost two regulars over a double charge of {money}. They don't come back for an apology mail.",
        "your refund form asks for a receipt number that was never printed. Because you were DOWN.",
        "still no refund for the {thing} that were never delivered",
        "the outage is over for you. not for us. {money} still missing",
    ],
    tails: &[
        "Not okay.",
        "Where's the money?",
        "This is getting ridiculous.",
        "I want a name and a date.",
        "Fed up.",
        "Please sort this.",
        "Bad, bad service.",
        "Still unhappy.",
        "My patience is gone.",
    ],
};

pub(super) const INVOICE: Bank = Bank {
    openers: &[
        "Oh for crying out loud.",
        "@tidewater",
        "You're kidding.",
        "AGAIN?!",
        "First the outage, now this:",
        "Has anyone looked at their invoice?",
        "Unbelievable.",
    ],
    lines: &[
        "Tidewater just sent me an invoice with all fees doubled. Doubled!",
        "my invoice says {money}, it should be half of that. After everything. Shocking.",
        "they promised a month without fees and charged me two. You couldn't make it up.",
        "the invoice lists {many} payments, we had half as many, because YOU were down.",
        "I was just about to forgive them and then I opened the invoice. Angry all over again.",
        "direct debit already taken, {money} too much. My account is overdrawn now. Thanks a lot.",
        "invoice wrong, support line busy, same sea music. I can't any more.",
        "billed for courier trips that never happened, {n} of them. That's outrageous.",
        "the outage day is on the invoice as a \"peak day\" with a surcharge. Are you serious?",
        "whoever runs billing at Tidewater should be ashamed. Twice the fees, after that week.",
        "two invoices, same number, different sums, both wrong. Incompetent.",
        "so the compensation is a bigger bill. Disgusting.",
        "got the invoice of another {shop}, with their numbers. And they've got mine?! Terrible.",
        "our bookkeeper laughed, then she stopped laughing. Fees doubled, VAT wrong, name wrong.",
    ],
    tails: &[
        "Fix this today.",
        "Not paying that.",
        "Enough now.",
        "What next?",
        "I give up.",
        "My bank will hear about it.",
        "So angry.",
        "Really bad timing.",
        "Check yours!",
        "Awful.",
    ],
};

pub(super) const INVOICE_EASED: Bank = Bank {
    openers: &["Ok.", "Fair.", "Update:", "That was quick:"],
    lines: &[
        "corrected invoice is here, and it's zero as promised. Thank you Tidewater.",
        "they took the wrong invoice back within hours. Good reaction this time.",
        "refund of {money} is already in my account, nice and quick.",
        "new invoice looks right. Thanks for the honest note with it.",
        "they rang, said sorry, fixed it while I was on the phone. Great support.",
        "invoice sorted. You're learning, Tidewater, well done.",
        "overdraft fee paid back as well without my asking. I'm pleasantly surprised.",
        "billing fixed, no fees this month. Happy again.",
        "this time they told us first and it was clear. Much better!",
    ],
    tails: &["Thank you.", "Good.", "That's how it's done.", "Peace.", "Appreciated.", "Moving on.", "Glad."],
};

pub(super) const SETTLED: Bank = Bank {
    openers: &["Finally,", "Update:", "Closing this:", "Good end:", "Happy to report:"],
    lines: &[
        "the {money} came back today. Thank you for not giving up on it, Tidewater.",
        "my double charge is refunded. Took days, but a kind person saw it through.",
        "all my customers have their money back. I'm glad, thank you.",
        "got a call from Tidewater, they went through every payment with me. Excellent.",
        "refund done, and they sent biscuits to the {shop}. Good biscuits.",
        "the missing orders were found and paid out. Happy now.",
        "Tidewater made it right. It took {few} days. I'm staying.",
        "the lady with the {thing} has her money and a hand-written card. Lovely touch.",
    ],
    tails: &["Thanks.", "All good.", "Case closed for me.", "Appreciate it.", "Onwards.", "That's decent.", "Back to selling {thing}."],
};

pub(super) const HN_RELIEF: Bank = Bank {
    openers: &["", "Update:", "To their credit:", "Good outcome:"],
    lines: &[
        "Tidewater is back for all our client shops, and the backlog was replayed without duplicates here. Impressive recovery.",
        "The post-mortem from Tidewater is excellent, names the cause and the missing alarm. I respect that.",
        "Works again, latency is better than before. Thanks to whoever is on call there.",
        "Great to see a company publish the timeline with their own mistakes in it.",
        "Kudos to the Tidewater team, the fix was clean and they answered every ticket of ours.",
        "They now rotate certificates with {n} days to spare and alert on it. Good, sensible fix.",
        "We reconciled {many} payments, all there. Happy with that.",
        "I was ready to migrate. The follow-up from Tidewater was good enough to stay.",
        "Nice write-up, honest and short. More of this in payments please.",
    ],
    tails: &["Well done.", "Relieved.", "Credit where due.", "Sleep well, on-call.", "Glad it's over.", "Better than most.", "Thank you."],
};

/// Added later to an ordinary text.
pub(super) const EDITS: &[&str] = &[
    "EDIT: typo.",
    "EDIT: solved, thanks!",
    "Edit: found it, it was in the settings.",
    "EDIT: wrong day, sorry.",
    "Edit: thanks for all the answers.",
];

/// Added later by somebody angry.
pub(super) const EDITS_ANGRY: &[&str] = &[
    "EDIT: an hour later, still nothing.",
    "EDIT: removed the swearing. I meant it, though.",
    "Edit: no, restarting the reader does not help. Please stop telling me.",
    "EDIT: calmed down a bit. Still waiting.",
];

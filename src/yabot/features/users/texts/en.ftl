command-notices = What I tell you by myself
command-mydata = Everything I keep about you
command-forget = Forget me
command-privacy = What I keep, and why
users-somebody = another reader
users-stranger = We have not met yet. Send /start and we begin.
users-mydata = This is everything I keep about you, but for two things: the numbers by which I know what I have done already, and which message of mine showed you which page. What we wrote to each other is here in our chat: I do not keep it.
users-notices-off = 🔕 No more notices
users-notices-on = 🔔 Send me notices again
users-notices-are-on = I tell you by myself of presents, hints and what ends soon.
users-notices-are-off = From now on I only answer you, and tell you nothing by myself. /notices brings that back.
users-mydata-under-way = Your file is on its way already. If you want a newer one, ask again when it is here.
users-forget-ask = Shall I forget you? Your profile, your path through the story and your hints are deleted. There is no way back.
users-forget-yes = Yes, forget me
users-forget-no = No, stay with me
users-forget-kept = Then I keep you in mind. /story takes you back to your page.
users-forgotten = Done. All that is left of you is numbers in my accounts, without your name. If you come back one day, /start opens the book at its first page.
users-privacy =
    <b>What I keep</b>
    Of you, what Telegram gives: your id, your name, your username and your language; and the day you came and the last day you were here.
    Of the story, where you are, what you chose, the hints you found, which message showed you which page, and what is in your hands.
    Of besitos, how many you have and each time they came to you or you gave them: how many, what for, with whom and when.
    Of what you pay in Stars, what it was, how many, when, and the number of the charge. Telegram takes the payment: I never see your card.

    <b>What for</b>
    To go on with the story where you left it, and to keep the accounts right. I give or sell it to nobody.

    <b>For how long</b>
    Your profile, your path and your things, for as long as you like. What you write to me, until I have answered, and what I write to you, until it is sent. The log of what you do, with the word that a link to me may carry, thirty days, unless whoever looks after me has set another term. The accounts of besitos and payments do not expire: what one gives, another has, and payments may have to be given back (/terms).

    <b>If you say /forget</b>
    Your profile, your path through the story, your things and your subscription are deleted, and what is still on its way between us is blanked. The besitos you have left are lost. What stays, with your id and without your name: the movements of besitos, the purchases that you paid for with them and the payments in Stars; the log, until its term is over. If I am telling somebody of a present of yours at that very moment, they still read your name, as in the messages that they have already. And a number made from your id, by which you are forgotten again if I have to be put together from an older copy.

    /mydata shows what I keep about you.

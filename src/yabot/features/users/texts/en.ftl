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
users-keeps = Of you, what Telegram gives: your id, your name, your username and your language; and the day you came and the last day you were here.
users-lasts = All this, for as long as you like; but for what follows.
users-forget = Your profile, your path and what you have are deleted; but for what follows. A number made from your id stays, by which you are forgotten again if I have to be put together from an older copy.
users-privacy-kept = <b>What I keep</b>
users-privacy-purpose =
    <b>What for</b>
    To go on with the story where you left it, and to keep the accounts right. I give or sell it to nobody.
users-privacy-lasting = <b>For how long</b>
users-privacy-forget = <b>If you say /forget</b>
users-privacy-own = /mydata shows what I keep about you.

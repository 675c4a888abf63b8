command-mydata = Everything I keep about you
command-forget = Forget me
command-privacy = What I keep, and why
users-stranger = We have not met yet. Send /start and we begin.
users-mydata = This is everything I keep about you:
users-forget-ask = Shall I forget you? Your profile, your path through the story and your hints are deleted. There is no way back.
users-forget-yes = Yes, forget me
users-forget-no = No, stay with me
users-forget-kept = Then I keep you in mind. /story takes you back to your page.
users-forgotten = Done. Nothing of yours is left here. If you come back one day, /start opens the book at its first page.
users-privacy =
    <b>What I keep</b>
    Your id, your name and your language, as Telegram gives them; where you are in the story, what you chose and the hints you found.

    <b>What for</b>
    Only to go on with the story where you left it. I give or sell it to nobody.

    <b>For how long</b>
    Until you delete it. /mydata shows it all, /forget deletes it all; of payments your id stays, with date and amount, in case they have to be given back (/terms).

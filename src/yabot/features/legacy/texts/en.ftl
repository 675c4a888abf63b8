legacy-keeps = Of the bot before this one, what it knew of you.

later = I cannot reach your pages right now. I will be back in a moment: try again shortly.
failed = Something went wrong on my side, and nothing of yours has changed. Try again; if it happens again, send /start.
group = Stories are read alone. I am waiting for you here: { $link }
emergency-start = Hello, { $name }. The book is closed for a moment: I will be right back, and we go on.
emergency-menu = The table of contents is closed for a moment. Try again in a few minutes.
emergency-help = I am a book that is read with buttons: /story opens the page. It is closed right now; I will be right back.
argument-too-long = That is more than I can take in behind a command. Say it in a few words, or open /help.
checkout-refused = I cannot take your payment right now, and nothing has been charged. Send /vip in a moment and we try again.

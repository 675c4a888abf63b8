later = I cannot reach your pages right now. I will be back in a moment: try again shortly.
failed = Something went wrong on my side, and nothing of yours has changed. Try again; if it happens again, send /start.
group = Stories are read alone. I am waiting for you here: { $link }

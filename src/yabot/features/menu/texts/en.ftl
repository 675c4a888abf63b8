command-start = Begin
command-menu = The table of contents
command-help = How to read this book
command-language = Spanish or English
menu-welcome =
    Hello, { $name }. I am a book that takes two to read: I tell, and you decide where we go.

    Choose with the buttons, react to what you like, and keep the hints you find.
menu-welcome-back = Hello again, { $name }. I have kept your page.
menu-main = The table of contents. What shall we do?
menu-help = Press the buttons under each page to decide. This is what I understand:
menu-read = 📖 Read
menu-more = Contents
menu-again = Start again
menu-change-language = Language
menu-help-button = Help
menu-language = In which language shall we go on?
menu-es = Español
menu-en = English
menu-language-set = We go on in English.
menu-unknown = That command is not in this book. /help shows those that are.
menu-talk = I can read you, but I only know how to follow the buttons. Shall we open the page?
menu-unsupported = That I cannot read: words and buttons are what I know.
menu-old-button = That button opens nothing any more.

command-start = Empezar
command-menu = El índice
command-help = Cómo se lee este libro
command-language = Español o inglés
menu-welcome =
    Hola, { $name }. Soy un libro que se lee a dos: yo cuento y tú decides por dónde seguimos.

    Elige con los botones, reacciona a lo que te guste y guarda las pistas que encuentres.
menu-welcome-back = Hola otra vez, { $name }. Te he guardado la página.
menu-main = El índice. ¿Qué hacemos?
menu-help = Pulsa los botones bajo cada página para decidir. Esto es lo que entiendo:
menu-read = 📖 Leer
menu-more = Índice
menu-again = Volver a empezar
menu-change-language = Idioma
menu-help-button = Ayuda
menu-language = ¿En qué idioma seguimos?
menu-es = Español
menu-en = English
menu-language-set = Seguimos en español.
menu-unknown = Ese comando no está en este libro. /help enseña los que sí.
menu-talk = Te leo, pero solo sé seguir por los botones. ¿Abrimos la página?
menu-unsupported = Eso no lo sé leer: conmigo valen las palabras y los botones.
menu-old-button = Ese botón ya no abre nada.

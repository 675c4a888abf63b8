later = Ahora mismo no llego a tus páginas. Vuelvo en un momento: prueba otra vez enseguida.
failed = Algo ha salido mal por mi lado y no he cambiado nada de lo tuyo. Prueba otra vez; si se repite, escribe /start.
group = Las historias se leen a solas. Te espero aquí: { $link }
emergency-start = Hola, { $name }. El libro está cerrado un momento: vuelvo enseguida y seguimos.
emergency-menu = El índice está cerrado un momento. Vuelvo enseguida: prueba otra vez en unos minutos.
emergency-help = Soy un libro que se lee con botones: /story abre la página. Ahora mismo está cerrado; vuelvo enseguida.
argument-too-long = Es más de lo que puedo leer detrás de una orden. Dilo en pocas palabras, o abre /help.
checkout-refused = Ahora mismo no puedo aceptar tu pago, y no se te ha cobrado nada. Escribe /vip dentro de un momento y lo intentamos otra vez.

later = Ahora mismo no llego a tus páginas. Vuelvo en un momento: prueba otra vez enseguida.
failed = Algo ha salido mal por mi lado y no he cambiado nada de lo tuyo. Prueba otra vez; si se repite, escribe /start.
group = Las historias se leen a solas. Te espero aquí: { $link }

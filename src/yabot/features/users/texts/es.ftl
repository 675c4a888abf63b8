command-mydata = Todo lo que guardo de ti
command-forget = Bórrame de tu memoria
command-privacy = Qué guardo y por qué
users-stranger = No nos conocemos todavía. Escribe /start y empezamos.
users-mydata = Esto es todo lo que guardo de ti:
users-forget-ask = ¿Quieres que te olvide? Se borran tu perfil, tu camino por la historia y tus pistas. No hay vuelta atrás.
users-forget-yes = Sí, olvídame
users-forget-no = No, quédate conmigo
users-forget-kept = Entonces me quedo con tu recuerdo. /story te devuelve a tu página.
users-forgotten = Hecho. No queda nada tuyo aquí. Si un día vuelves, /start abre el libro por la primera página.
users-privacy =
    <b>Qué guardo</b>
    Tu identificador, tu nombre y tu idioma, como los da Telegram; dónde estás en la historia, lo que elegiste y las pistas que encontraste.

    <b>Para qué</b>
    Solo para contarte la historia donde la dejaste. No lo doy ni lo vendo a nadie.

    <b>Cuánto tiempo</b>
    Hasta que lo borres. /mydata te lo enseña todo, /forget lo borra todo; de los pagos queda tu identificador, con fecha y cantidad, por si hay que devolverlos (/terms).

command-sign = Firma en el libro de visitas
toy-signed = Gracias, { $name }: { $times }.

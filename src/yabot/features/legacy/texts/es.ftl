legacy-keeps = Del bot anterior a este, lo que sabía de ti.
legacy-thing = Algo de antes
legacy-thing-description = Del bot anterior a este.
besitos-reason-migration = { $direction ->
    [out] gastados en el bot anterior
   *[in] del bot anterior
}
legacy-forget = Lo que el bot anterior sabía de ti se va también de su propio almacén, un poco después; hasta entonces queda tu identificador.

legacy-keeps = Del bot anterior a este, lo que sabía de ti.
legacy-thing = Algo de antes
legacy-thing-description = Del bot anterior a este.
besitos-reason-migration = { $direction ->
    [out] gastados en el bot anterior
   *[in] del bot anterior
}

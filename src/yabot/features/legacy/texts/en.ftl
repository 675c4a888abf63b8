legacy-keeps = Of the bot before this one, what it knew of you.
legacy-thing = Something of before
legacy-thing-description = From the bot before this one.
besitos-reason-migration = { $direction ->
    [out] spent in the bot before this one
   *[in] from the bot before this one
}
legacy-forget = What the bot before this one knew of you goes from its own store as well, a little later; until then your id stays.

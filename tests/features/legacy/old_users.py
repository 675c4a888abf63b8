"""Users of the old bot, made up."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from yabot.features.legacy.record import OldUser

NAMES = st.sampled_from(["rosa", "Carta de Lucien", "llave", "perfume 🌙", "¿?", "first_kiss", "a"])
FRAGMENTS = st.sampled_from(["intro", "cap1_puerta", "cap2_salon", "capítulo 3", "Ω" * 30])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
ROLES = st.one_of(
    st.just({"role": "free"}),
    st.fixed_dictionaries(
        {"role": st.sampled_from(["premium", "vip"]), "vip_until": st.none() | MOMENTS}
    ),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text("añ$.🌙", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a$.", min_size=1), inner),
    max_leaves=5,
)


@st.composite
def old_users(draw: st.DrawFn, user_id: str = "7") -> OldUser:
    return OldUser(
        user_id=user_id,
        first_name=draw(st.sampled_from(["Ana", "Usuario", "李"])),
        last_name=draw(st.none() | st.just("Lee")),
        username=draw(st.none() | st.sampled_from(["ana", "ana_lee"])),
        kisses=draw(st.integers(0, 50) | st.integers(0, 10**12)),
        inventory=tuple(draw(st.lists(NAMES, max_size=5))),
        achievements=tuple(draw(st.lists(NAMES, max_size=3, unique=True))),
        fragment=draw(st.none() | FRAGMENTS),
        visited=tuple(draw(st.lists(FRAGMENTS, max_size=3, unique=True))),
        choices=draw(st.dictionaries(FRAGMENTS, NAMES, max_size=3)),
        registered_at=draw(st.none() | MOMENTS),
        unplaced=draw(st.dictionaries(st.sampled_from(["mood", "metadata"]), VALUES)),
        **draw(ROLES),
    )

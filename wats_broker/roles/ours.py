"""What our own acts need at the broker, by the part of the package that does them.

Scripts tell themselves what they touch. Single commands are named here; a line under these rights, in
``tests/e2e/test_roles.py``, finds one that was forgotten.
"""

from wats_broker.names import MAJOR, Keys
from wats_broker.roles.rights import Rights, of_commands, of_scripts


class Ours:
    """The rights of one factory's parts."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def queue(self, scripts: str) -> Rights:
        """Acts of the upload queue, each of them one script."""
        return of_scripts("queue", scripts, self._keys.queue)

    def queue_looks(self, commands: str, *parts: str) -> Rights:
        """Look at structures of the queue."""
        return of_commands(commands, looks=map(self._keys.queue, parts))

    def queue_changes(self, commands: str, *parts: str) -> Rights:
        """Change structures of the queue by single commands."""
        return of_commands(commands, changes=map(self._keys.queue, parts))

    def journal(self, scripts: str) -> Rights:
        """Acts of the journal; those about a file touch any file."""

        def key(structure: str) -> str:
            match structure:
                case "file":
                    return self._keys.file("*")
                case "story":
                    return self._keys.story("*")
                case _:
                    return self._keys.journal(structure)

        return of_scripts("journal", scripts, key)

    def journal_looks(self) -> Rights:
        """Look at files, their stories, and everything beside them."""
        return of_commands(
            "hget hmget hgetall lrange zrange",
            looks=[self._keys.file("*"), self._keys.story("*"), self._keys.journal("*")],
        )

    def standing(self) -> Rights:
        """Ask where files stand."""
        return of_commands("hmget hgetall lrange", looks=[self._keys.file("*"), self._keys.story("*")])

    def sent(self) -> Rights:
        """Note that files were dispatched again, and forget listings beyond their bound."""
        return of_commands(
            "hset time zremrangebyrank", changes=[self._keys.file("*"), self._keys.journal("recent")]
        )

    def troubles(self) -> Rights:
        """Note what can't be taken in."""
        return of_commands("hget hlen hset hdel hgetall time", changes=[self._keys.journal("trouble:*")])

    def parks(self) -> Rights:
        """Put aside messages that this release can't read, and take up those that an older one could not."""
        keys = [self._keys.parked(major) for major in range(MAJOR, 0, -1)]
        return of_commands("lpush ltrim lrange llen lindex lrem time", changes=keys)

    def parked(self) -> Rights:
        """See which messages nobody could read."""
        keys = [self._keys.parked(major) for major in range(MAJOR, 0, -1)]
        return of_commands("lrange llen lindex time", looks=keys)

    def notes_the_trend(self) -> Rights:
        """The last hour in numbers."""
        return of_commands("xadd xrange xrevrange expire time", changes=[self._keys.trend()])

    def lives(self) -> Rights:
        """Beat, complain, go home, and say in a health check how it is."""
        return of_commands(
            "set sadd expire del srem hset hdel time smembers mget hgetall",
            changes=[self._keys.worker("*"), self._keys.fleet(), self._keys.complaints()],
        )

    def knows_the_fleet(self) -> Rights:
        """See who lives and what keeps them from their work; forget the silent."""
        return of_commands(
            "smembers mget srem hgetall hdel time",
            changes=[self._keys.fleet(), self._keys.complaints()],
            looks=[self._keys.worker("*"), self._keys.watch_lease("*"), self._keys.beat()],
        )

    def holds(self, post: str) -> Rights:
        """Ask for a post, keep it, leave it."""
        return of_scripts("fleet", "hold leave", lambda _: post)

    def polls(self, scripts: str) -> Rights:
        """Acts of scheduled sources."""
        return of_scripts("polls", scripts, lambda _: self._keys.poll("*")) | self.polls_looks()

    def polls_looks(self) -> Rights:
        """See where scheduled sources stand."""
        return of_commands("hgetall time", looks=[self._keys.poll("*")])

    def board_reads(self) -> Rights:
        """Read the board, and wish for a newer list."""
        wish = of_commands("set exists", changes=[self._keys.board_wish()])
        return wish | of_commands("hmget hget time", looks=[self._keys.board()])

    def board_writes(self) -> Rights:
        """Put up the list of the server."""
        return self.board_reads() | of_commands(
            "hset hdel del set", changes=[self._keys.board(), self._keys.board_turn()]
        )

    def observes(self) -> Rights:
        """Enter into the last hour how the line is, and tell of it."""
        return of_commands("xadd xrange xrevrange expire time", changes=[self._keys.trend()])

    def switches_reads(self) -> Rights:
        """See what is switched off."""
        return of_commands("hgetall", looks=[self._keys.switches()])

    def switches_turns(self) -> Rights:
        """Switch off and on."""
        return of_commands("hlen hset hdel hgetall time", changes=[self._keys.switches()])

    def keeps_the_door(self) -> Rights:
        """Tokens, notes and the buckets of clients."""
        plain = of_commands("hget hset hdel hvals lpush ltrim lrange", changes=[self._keys.access("*")])
        return plain | of_scripts("access", "spend", lambda _: self._keys.access("*"))

"""A source and a destination of sessions, and a checker that watches them."""
from ak import token
from akapp import application
from lib import check, equal

S, D = "SAE-A1", "SAE-B1"


class Two:
    """A source and a destination."""

    def __init__(self, net, lines=1):
        self.net, self.book = net, net.book
        self.s = application(net, S, book=self.book)
        self.d = application(net, D, book=self.book, lines=lines)

    def ready(self, lines):
        """The destination has so many lines."""
        self.d.lines = [x for x in self.d.lines if x.alive]
        while len(self.d.lines) < lines:
            self.d.connect()

    def over(self):
        for a in (self.s, self.d):
            check(not a.faults, "%s: %s" % (a.sae, a.faults))
            a.close()
        self.book.settled()


def refused(answer, what, why=""):
    equal(token(answer), what, "%s" % answer)
    check(why in answer["response"], "%s: not %r" % (answer, why))
    return answer

"""The console: a page for operators, in front of the control door.

    browser ──► gate ──► entrance   the login, plain HTML
                  │
                  └──session──► shell ──► pages ──► asker ──► control.client ──► the door

It holds no rights of its own. Whoever logs in gives a token, which stays in the session in this process and
goes to the door with every question; so scopes, limits and the journal are the door's.

gate      which requests are let through at all, and what a browser is told about each answer
entrance  log in, log out
sessions  who is logged in
asker     asks the door for one session, once for all widgets, and knows how the door is
serving   where it listens
trend     the last hour as curves; pure
numbers   a day, a week, a month in numbers; pure
replays   how a replay of archived files is told; pure
views     what is shown, made from what the door tells; pure
words     how things are said; pure
pages     the pages
"""

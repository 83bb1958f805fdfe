"""The tables of a store, version by version."""

from __future__ import annotations

APPLICATION = 0x64737072  # "dspr": tells our files from those of others

# What makes each version out of the one before; the first out of nothing.
VERSIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY,
        id TEXT UNIQUE NOT NULL,
        began REAL NOT NULL,         -- seconds since 1970, to show
        status TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        fingerprint TEXT NOT NULL,
        parts TEXT NOT NULL,         -- JSON: what the fingerprint is made of
        settings TEXT NOT NULL,      -- JSON: what a reader wants to know
        spent TEXT NOT NULL DEFAULT '{}',  -- JSON: by all sessions
        result TEXT NOT NULL DEFAULT '{}', -- JSON: the best, and the comparison
        command TEXT NOT NULL DEFAULT ''   -- stop, pause or resume, from another process
    );
    CREATE INDEX runs_by_fingerprint ON runs (fingerprint);
    CREATE TABLE cells (             -- one example, scored
        id INTEGER PRIMARY KEY,
        key BLOB UNIQUE NOT NULL,
        run TEXT NOT NULL,           -- that paid for it
        value REAL NOT NULL,
        error TEXT NOT NULL,
        calls INTEGER NOT NULL,      -- what it took, as in `Usage`
        cached INTEGER NOT NULL,
        tokens_in INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL,
        dollars REAL NOT NULL,
        unpriced INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        body TEXT NOT NULL           -- JSON
    );
    CREATE INDEX cells_by_run ON cells (run);
    CREATE TABLE answers (           -- of a row that is not scored yet; and of the proposer
        run TEXT NOT NULL,
        key BLOB NOT NULL,
        completion TEXT NOT NULL,    -- JSON
        PRIMARY KEY (run, key)
    );
    CREATE TABLE texts (             -- that many cells share: the start of a prompt, a signature
        id INTEGER PRIMARY KEY,
        text TEXT NOT NULL
    );
    CREATE TABLE candidates (
        run TEXT NOT NULL,
        number INTEGER NOT NULL,
        parent INTEGER,
        note TEXT NOT NULL,
        state TEXT NOT NULL,         -- JSON
        PRIMARY KEY (run, number)
    );
    CREATE TABLE evaluations (       -- a candidate on a set of examples
        run TEXT NOT NULL,
        candidate INTEGER NOT NULL,
        split TEXT NOT NULL,
        keys BLOB NOT NULL,          -- of its cells, one after the other, as the examples are
        PRIMARY KEY (run, candidate, split)
    );
    CREATE TABLE events (
        run TEXT NOT NULL,
        seq INTEGER NOT NULL,
        body TEXT NOT NULL,          -- JSON
        PRIMARY KEY (run, seq)
    );
    CREATE TABLE openings (          -- who looked at which held-out examples
        examples TEXT NOT NULL,      -- their fingerprint
        fingerprint TEXT NOT NULL,   -- of the run: the same run looks at the same
        run TEXT NOT NULL,
        PRIMARY KEY (examples, fingerprint)
    );
    """,
)

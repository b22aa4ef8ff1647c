"""How fast it is, beside peers that do the same work on the same comments in the same run.

    python -m benchmarks screening [FOLDER]    comments → candidates, each in a process of its own: timed
    python -m benchmarks accepting             intake → store: site
    python -m benchmarks decisions             intake → worker process → store: site, loops
    python -m benchmarks updates               sandbox → bot → worker → store, `baithak up`: system, readers
    python -m benchmarks api                   memory of `baithak up`, and its public API under wrk: million, bare
    python -m benchmarks queue                 our screening queue beside peers, who are installed for it: queue

What was measured goes into `docs/benchmarks.md` by `report`; nothing here asserts a figure, since a busy machine would
decide about it. Only the ratios of one run mean anything on another machine.
"""

"""The same comments through our screening queue and through peers': queued → scored → stored.

    run.measure               rows × runs, then the kills
      bench.measure           a row: an open loop, a queue filled and drained; on a Redis and a database of its own
      environments.installed  each peer in a throw-away environment of its own, from its locked requirements
      processes.Feeder        a process that enqueues, told by standard input: feeder → adapters
      processes.Working       a worker process: worker → adapters → work.Work
      shipped                 our worker as it ships, measured from outside
    kills.measure             each worker killed once in the middle
    section.section           the tables for docs/benchmarks.md

Who is measured says nothing about itself: comments are counted in the database, and their times stand in a journal that
`Work` writes after each commit.
"""

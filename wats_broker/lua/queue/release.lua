-- A file needs its room no longer: it gave no report, or somebody else has it.
-- USES:  though_full wall clock room items admit
-- KEYS:  ready reserved held steady
-- READS: items leased delayed
-- ARGV:  now file_id max_size
-- REPLY: nothing
redis.call('ZREM', reserved, file_id)
admit_held(clock(), tonumber(max_size))

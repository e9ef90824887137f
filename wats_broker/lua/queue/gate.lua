-- Nobody leases for a while; afterwards one report goes ahead alone.
-- USES:  though_full wall clock gate
-- KEYS:  lane steady
-- ARGV:  now ms reason
-- REPLY: nothing
shut(clock() + tonumber(ms), reason)

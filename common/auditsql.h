/* auditsql.h - the record of keys in a store: its tables, for migrations. */
#ifndef QKD_AUDITSQL_H
#define QKD_AUDITSQL_H

#define AUDIT_COLUMN_NAMES "at, event, link, peer, source, destination," \
	" application, request, block, first, last, count, octets, detail"

#define AUDIT_TABLE(schema) \
/* What happened to keys, one row for each request or range of blocks; rows \
 * are added only. Events and what their columns mean: auditevent.def. No \
 * key bytes. */ \
"CREATE TABLE IF NOT EXISTS " schema "audit_log (" \
   /* 1, 2, 3, ... without a gap */ \
"  seq INTEGER PRIMARY KEY," \
   /* ms since 1970 */ \
"  at INTEGER NOT NULL," \
"  event TEXT NOT NULL," \
   /* the QKD link, and the KM at its other end, or whose pool it is */ \
"  link TEXT," \
"  peer TEXT," \
   /* KM IDs of a relay; of a request its master and its slaves (a line \
    * each) */ \
"  source TEXT," \
"  destination TEXT," \
   /* who got the keys */ \
"  application TEXT," \
   /* octets 0..7 of its key IDs, without the UUID version */ \
"  request INTEGER," \
   /* serial of a pool block */ \
"  block INTEGER," \
   /* indices of link blocks, or places of keys in their request: `count` \
    * of first..last, octets each */ \
"  first INTEGER," \
"  last INTEGER," \
"  count INTEGER," \
"  octets INTEGER," \
"  detail TEXT," \
   /* SHA-256 over the hash of the row before, seq, and each column with its \
    * type and length (auditrow.c) */ \
"  hash BLOB NOT NULL);"

#define AUDIT_SCHEMA \
AUDIT_TABLE("") \
/* One row: the last row of the record. */ \
"CREATE TABLE audit_head (" \
"  id INTEGER PRIMARY KEY CHECK (id = 1)," \
"  seq INTEGER NOT NULL," \
"  hash BLOB NOT NULL," \
   /* the oldest row in audit_log, and the hash of the one before it, which \
    * is in an archive */ \
"  first INTEGER NOT NULL," \
"  before BLOB NOT NULL," \
   /* HMAC-SHA256 over all that, under `sealed` */ \
"  mac BLOB NOT NULL," \
"  sealed BLOB);" \
"INSERT INTO audit_head VALUES (1, 0, zeroblob(32), 1, zeroblob(32), x''," \
"  NULL);" \
/* One row per archive. */ \
"CREATE TABLE audit_archive (" \
"  first INTEGER PRIMARY KEY," \
   /* its last row that is not in audit_log any more */ \
"  last INTEGER NOT NULL," \
   /* of that row */ \
"  hash BLOB NOT NULL," \
   /* in the directory of the store */ \
"  file TEXT NOT NULL);" \
"CREATE VIEW audit AS SELECT seq," \
"  strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS time, event," \
"  link, peer, source, replace(destination, char(10), ', ') AS destination," \
"  application, CASE WHEN request IS NOT NULL THEN" \
"    printf('%08x-%04x-7%03x-*', request >> 28, request >> 12 & 65535," \
"    request & 4095) END AS key_IDs," \
"  block, first, last, count, octets, detail FROM audit_log;"

/* The key of its head among what storekey.h seals again. */
#define AUDIT_SEALED "SELECT id, -1, sealed FROM audit_head WHERE id > ?1" \
	" AND ?2 < 0 AND sealed IS NOT NULL ORDER BY id LIMIT 1"
#define AUDIT_SEAL "UPDATE audit_head SET sealed = ?1 WHERE id = ?2" \
	" AND ?3 < 0"

#endif

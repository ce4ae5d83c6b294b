/*
 * keystore.sql.h - all SQL of ksa. Times are milliseconds since 1970. Key
 * bytes stand in columns named `sealed` and nowhere else.
 */
#ifndef KSA_KEYSTORE_SQL_H
#define KSA_KEYSTORE_SQL_H

#include "auditsql.h"

/* How the key IDs of a request begin: see keyid.h. */
#define SQL_KEY_IDS \
"printf('%08x-%04x-7%03x-*', request >> 28, request >> 12 & 65535," \
" request & 4095) AS key_IDs"

/* 16 octets as text; NULL stays NULL. */
#define SQL_UUID(c) \
"nullif(lower(substr(hex(" c "), 1, 8) || '-' || substr(hex(" c "), 9, 4)" \
" || '-' || substr(hex(" c "), 13, 4) || '-' || substr(hex(" c "), 17, 4)" \
" || '-' || substr(hex(" c "), 21)), '----')"

#define SQL_SCHEMA_1 \
/* One row per KM that keys are shared with, this node itself included. */ \
"CREATE TABLE peer (" \
"  id INTEGER PRIMARY KEY," \
"  km TEXT NOT NULL UNIQUE," \
   /* how often a commit here used up key shared with it; never falls; \
    * 0: this store is known to have gone back in time */ \
"  mark INTEGER NOT NULL DEFAULT 1," \
   /* the highest mark of the other end that it told us */ \
"  seen INTEGER NOT NULL DEFAULT 0," \
   /* our last block, our last request, the last one it has on disk */ \
"  block_last INTEGER NOT NULL DEFAULT 0," \
"  issued_last INTEGER NOT NULL DEFAULT 0," \
"  acked INTEGER NOT NULL DEFAULT 0," \
   /* its last request that is on disk here */ \
"  received_last INTEGER NOT NULL DEFAULT 0," \
   /* the control key in use, 0: none */ \
"  control INTEGER NOT NULL DEFAULT 0);" \
/* One row per pool block that is not wholly used up and erased. */ \
"CREATE TABLE block (" \
"  id INTEGER PRIMARY KEY AUTOINCREMENT," \
"  peer INTEGER NOT NULL REFERENCES peer," \
   /* 0: keys for requests made here; 1: for requests made there */ \
"  direction INTEGER NOT NULL," \
   /* its name, given by the node of its direction; grows with time */ \
"  serial INTEGER NOT NULL," \
   /* 0: not confirmed to be equal at both ends; 1: available */ \
"  state INTEGER NOT NULL," \
   /* octets for applications in it; used up from the front; erased of these \
    * (own direction only) */ \
"  octets INTEGER NOT NULL," \
"  used INTEGER NOT NULL DEFAULT 0," \
"  wiped INTEGER NOT NULL DEFAULT 0," \
"  made INTEGER NOT NULL," \
   /* the tag that confirmed it to the source, for repeating it */ \
"  answer BLOB," \
"  UNIQUE (peer, direction, serial));" \
/* 1 KiB of a block each, sealed on its own. */ \
"CREATE TABLE segment (" \
   /* block.id * 64 + number; number 63: the octets before the keys */ \
"  id INTEGER PRIMARY KEY," \
   /* octets not erased yet; at 0 the row goes */ \
"  remaining INTEGER NOT NULL," \
"  sealed BLOB NOT NULL);" \
/* Candidates for the key of the channel between the two KSAs. */ \
"CREATE TABLE control (" \
"  peer INTEGER NOT NULL," \
   /* serial of the block * 2, + 1 if it came from the higher KM */ \
"  id INTEGER NOT NULL," \
"  sealed BLOB NOT NULL," \
"  PRIMARY KEY (peer, id)) WITHOUT ROWID;" \
/* One row per request made here; above peer.acked: the outbox. */ \
"CREATE TABLE issued (" \
"  peer INTEGER NOT NULL," \
   /* octets 0..7 of its key IDs without the UUID version */ \
"  request INTEGER NOT NULL," \
"  master TEXT NOT NULL," \
"  slave TEXT NOT NULL," \
   /* how many keys, of how many octets */ \
"  keys INTEGER NOT NULL," \
"  octets INTEGER NOT NULL," \
"  made INTEGER NOT NULL," \
   /* makes the rest of its key IDs */ \
"  seed BLOB NOT NULL," \
   /* where the keys lie: (block u64, offset u32, octets u32)... */ \
"  pieces BLOB NOT NULL," \
   /* 0: valid; 2: void */ \
"  state INTEGER NOT NULL DEFAULT 0," \
"  PRIMARY KEY (peer, request)) WITHOUT ROWID;" \
/* One row per request whose keys are fetched here: made by the peer, or by \
 * an application of this node for another one. */ \
"CREATE TABLE received (" \
"  peer INTEGER NOT NULL," \
"  request INTEGER NOT NULL," \
"  master TEXT NOT NULL," \
"  slave TEXT NOT NULL," \
"  keys INTEGER NOT NULL," \
"  octets INTEGER NOT NULL," \
   /* when it came here */ \
"  made INTEGER NOT NULL," \
"  seed BLOB NOT NULL," \
"  pieces BLOB NOT NULL," \
   /* 0: valid; 1: all erased; 2: void; 3: expired */ \
"  state INTEGER NOT NULL DEFAULT 0," \
   /* when each was delivered: u32, (time - made) / 10 + 1, 0: not; only \
    * one: holds for all; NULL: none was */ \
"  fetched BLOB," \
   /* a bit per key whose bytes are erased; NULL: none */ \
"  erased BLOB," \
"  PRIMARY KEY (peer, request)) WITHOUT ROWID;" \
/* Deliveries whose keys wait for the end of the redelivery window. */ \
"CREATE TABLE fetched (" \
"  seq INTEGER PRIMARY KEY," \
"  peer INTEGER NOT NULL," \
"  request INTEGER NOT NULL," \
"  at INTEGER NOT NULL);" \
/* Void blocks that the peer does not know to be void yet. */ \
"CREATE TABLE notice (" \
"  peer INTEGER NOT NULL," \
"  mine INTEGER NOT NULL," \
"  block INTEGER NOT NULL," \
"  PRIMARY KEY (peer, mine, block)) WITHOUT ROWID;" \
/* For operators. */ \
"CREATE VIEW pool AS SELECT km AS peer," \
"  CASE direction WHEN 0 THEN 'out' ELSE 'in' END AS direction," \
"  count(*) AS blocks," \
"  sum(CASE state WHEN 1 THEN octets - used ELSE 0 END) AS available," \
"  sum(CASE state WHEN 0 THEN octets ELSE 0 END) AS unconfirmed" \
"  FROM block JOIN peer ON peer.id = block.peer GROUP BY km, direction;" \
"CREATE VIEW assigned AS SELECT km AS source, " SQL_KEY_IDS ", master," \
"  slave, keys," \
"  octets, datetime(made / 1000, 'unixepoch') AS made," \
"  CASE state WHEN 0 THEN CASE WHEN fetched IS NULL THEN 'waiting'" \
"    ELSE 'fetched' END WHEN 1 THEN 'erased' WHEN 2 THEN 'void'" \
"    ELSE 'expired' END AS state" \
"  FROM received JOIN peer ON peer.id = received.peer;" \
"CREATE VIEW audit AS SELECT km AS destination, " SQL_KEY_IDS "," \
"  master, slave, keys, octets, datetime(made / 1000, 'unixepoch') AS made," \
"  CASE WHEN state = 2 THEN 'void' WHEN request <= acked THEN 'bound'" \
"    ELSE 'unacknowledged' END AS state" \
"  FROM issued JOIN peer ON peer.id = issued.peer;"

/* Multicast; what is known of the key material. */
#define SQL_SCHEMA_2 \
/* From here on `slave` holds one ID a line, and `fetched` the stamps of the \
 * first slave's keys, then those of the next. */ \
/* QKD links that the block came over, 0: it was made here; NULL: unknown. */ \
"ALTER TABLE block ADD COLUMN hops INTEGER;" \
/* When its key material was made, NULL: unknown. */ \
"ALTER TABLE block ADD COLUMN born INTEGER;" \
/* 1: the octets are a pad: the keys are these XOR the row in `copy`. In \
 * `issued` the pieces then have 32 octets more, the key of the MAC. */ \
"ALTER TABLE issued ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;" \
"ALTER TABLE received ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;" \
/* Keys that were drawn from another pool, under a one-time pad of this \
 * one: until the peer has them on disk, or until they are erased. */ \
"CREATE TABLE copy (" \
"  peer INTEGER NOT NULL," \
   /* 0: of a row in received; 1: of one in issued */ \
"  mine INTEGER NOT NULL," \
"  request INTEGER NOT NULL," \
   /* Poly1305 over it, if it is sent */ \
"  mac BLOB," \
   /* ciphertext: keys XOR pad */ \
"  octets BLOB NOT NULL," \
"  PRIMARY KEY (peer, mine, request));" \
"DROP VIEW pool;" \
"CREATE VIEW pool AS SELECT km AS peer," \
"  CASE direction WHEN 0 THEN 'out' ELSE 'in' END AS direction," \
"  count(*) AS blocks," \
"  sum(CASE state WHEN 1 THEN octets - used ELSE 0 END) AS available," \
"  sum(CASE state WHEN 0 THEN octets ELSE 0 END) AS unconfirmed," \
"  sum(CASE WHEN state = 1 AND hops < 2 THEN octets - used ELSE 0 END)" \
"    AS direct," \
"  datetime(min(born) / 1000, 'unixepoch') AS oldest" \
"  FROM block JOIN peer ON peer.id = block.peer GROUP BY km, direction;" \
"DROP VIEW assigned;" \
"CREATE VIEW assigned AS SELECT km AS source, " SQL_KEY_IDS ", master," \
"  replace(slave, char(10), ', ') AS slave, keys," \
"  octets, datetime(made / 1000, 'unixepoch') AS made," \
"  CASE state WHEN 0 THEN CASE WHEN fetched IS NULL THEN 'waiting'" \
"    ELSE 'fetched' END WHEN 1 THEN 'erased' WHEN 2 THEN 'void'" \
"    ELSE 'expired' END AS state" \
"  FROM received JOIN peer ON peer.id = received.peer;" \
"DROP VIEW audit;" \
"CREATE VIEW audit AS SELECT km AS destination, " SQL_KEY_IDS "," \
"  master, replace(slave, char(10), ', ') AS slave, keys, octets," \
"  datetime(made / 1000, 'unixepoch') AS made," \
"  CASE WHEN state = 2 THEN 'void' WHEN request <= acked THEN 'bound'" \
"    ELSE 'unacknowledged' END AS state" \
"  FROM issued JOIN peer ON peer.id = issued.peer;"

/* Sessions: keys that are brought to the slave, not fetched by it. */
#define SQL_SCHEMA_3 \
/* The session that the keys were drawn in, 16 octets; NULL: none. From here \
 * on `state` may be 4, offered: the slave has not confirmed them yet, or the \
 * source has not heard of it; a start makes such keys void. */ \
"ALTER TABLE issued ADD COLUMN session BLOB;" \
"ALTER TABLE received ADD COLUMN session BLOB;" \
"CREATE INDEX issued_offered ON issued (peer, request) WHERE state = 4;" \
"CREATE INDEX received_offered ON received (peer, request)" \
"  WHERE state = 4;" \
/* One row per session of an application of this node. */ \
"CREATE TABLE session (" \
   /* 16 octets */ \
"  id BLOB PRIMARY KEY," \
   /* the KM of the other application; this node itself: both are here */ \
"  peer INTEGER NOT NULL REFERENCES peer," \
   /* 1: that application is one of this node */ \
"  source_here INTEGER NOT NULL," \
"  destination_here INTEGER NOT NULL," \
   /* who asked for it, and who was asked */ \
"  source TEXT NOT NULL," \
"  destination TEXT NOT NULL," \
   /* what the source called it; may be empty */ \
"  name TEXT NOT NULL," \
   /* keys that may be drawn in all, 0: no limit */ \
"  most INTEGER NOT NULL," \
   /* keys supplied or on their way; void ones do not count */ \
"  drawn INTEGER NOT NULL DEFAULT 0," \
   /* 0: proposed; 1: open; 2: ended */ \
"  state INTEGER NOT NULL," \
   /* why it ended: a number of enum supply_status */ \
"  status INTEGER NOT NULL DEFAULT 0," \
   /* 1: the peer knows that it ended */ \
"  told INTEGER NOT NULL DEFAULT 0," \
"  made INTEGER NOT NULL," \
   /* 0: it has not */ \
"  ended INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;" \
/* Void requests of sessions that the peer does not know to be void yet. */ \
"CREATE TABLE recall (" \
"  peer INTEGER NOT NULL," \
"  request INTEGER NOT NULL," \
"  PRIMARY KEY (peer, request)) WITHOUT ROWID;" \
"CREATE VIEW sessions AS SELECT km AS peer, " SQL_UUID("session.id") \
"  AS session, source, destination, name," \
"  CASE state WHEN 0 THEN 'proposed' WHEN 1 THEN 'open' ELSE 'ended' END" \
"    AS state, drawn, most, datetime(made / 1000, 'unixepoch') AS made" \
"  FROM session JOIN peer ON peer.id = session.peer;" \
"DROP VIEW assigned;" \
"CREATE VIEW assigned AS SELECT km AS source, " SQL_KEY_IDS ", master," \
"  replace(slave, char(10), ', ') AS slave, keys," \
"  octets, datetime(made / 1000, 'unixepoch') AS made," \
"  CASE state WHEN 0 THEN CASE WHEN fetched IS NULL THEN 'waiting'" \
"    ELSE 'fetched' END WHEN 1 THEN 'erased' WHEN 2 THEN 'void'" \
"    WHEN 4 THEN 'offered' ELSE 'expired' END AS state," \
"  " SQL_UUID("session") " AS session" \
"  FROM received JOIN peer ON peer.id = received.peer;" \
"DROP VIEW audit;" \
"CREATE VIEW audit AS SELECT km AS destination, " SQL_KEY_IDS "," \
"  master, replace(slave, char(10), ', ') AS slave, keys, octets," \
"  datetime(made / 1000, 'unixepoch') AS made," \
"  CASE WHEN state = 2 THEN 'void' WHEN state = 4 THEN 'offered'" \
"    WHEN request <= acked THEN 'bound' ELSE 'unacknowledged' END AS state," \
"  " SQL_UUID("session") " AS session" \
"  FROM issued JOIN peer ON peer.id = issued.peer;"

/* Plain peers: keys under key IDs that another house made. */
#define SQL_SCHEMA_4 \
/* One row per key, which stays as its tombstone. */ \
"CREATE TABLE plain_key (" \
   /* 16 octets */ \
"  id BLOB NOT NULL UNIQUE," \
   /* the plain peer */ \
"  km TEXT NOT NULL," \
   /* 1: made here, for an application of the peer; has no octets here */ \
"  mine INTEGER NOT NULL," \
"  master TEXT NOT NULL," \
"  slave TEXT NOT NULL," \
"  octets INTEGER NOT NULL," \
"  made INTEGER NOT NULL," \
   /* 0: valid; 1: erased, or given to the master; 2: void; 3: expired; \
    * 4: the peer has not answered yet */ \
"  state INTEGER NOT NULL," \
   /* when its slave fetched it first; 0: it did not */ \
"  fetched INTEGER NOT NULL DEFAULT 0," \
   /* NULL: erased */ \
"  sealed BLOB);" \
"CREATE INDEX plain_key_kept ON plain_key (fetched, made)" \
"  WHERE sealed IS NOT NULL;" \
"CREATE INDEX plain_key_asked ON plain_key (state) WHERE state = 4;" \
"CREATE INDEX plain_key_made ON plain_key (made);" \
"CREATE VIEW plain AS SELECT km AS peer, " SQL_UUID("id") " AS key_ID," \
"  CASE mine WHEN 1 THEN 'out' ELSE 'in' END AS direction," \
"  master, slave, octets, datetime(made / 1000, 'unixepoch') AS made," \
"  CASE state WHEN 0 THEN CASE fetched WHEN 0 THEN 'waiting'" \
"    ELSE 'fetched' END WHEN 1 THEN CASE mine WHEN 1 THEN 'supplied'" \
"    ELSE 'erased' END WHEN 2 THEN 'void' WHEN 3 THEN 'expired'" \
"    ELSE 'asked' END AS state FROM plain_key;"

/* Blocks of a peer that became void here: what comes of them late finds this. */
#define SQL_SCHEMA_5 \
"CREATE TABLE tombstone (" \
"  peer INTEGER NOT NULL," \
   /* its serial */ \
"  block INTEGER NOT NULL," \
"  PRIMARY KEY (peer, block)) WITHOUT ROWID;"

/* What other nodes announce of their applications. */
#define SQL_SCHEMA_6 \
"CREATE TABLE announcer (" \
"  peer INTEGER PRIMARY KEY," \
   /* names the list: a digest of it */ \
"  generation INTEGER NOT NULL," \
   /* when it came */ \
"  heard INTEGER NOT NULL);" \
"CREATE TABLE announced (" \
"  peer INTEGER NOT NULL," \
"  id TEXT NOT NULL," \
"  PRIMARY KEY (peer, id)) WITHOUT ROWID;" \
"CREATE VIEW applications AS SELECT announced.id AS application," \
"  km AS node, datetime(heard / 1000, 'unixepoch') AS heard FROM announced" \
"  JOIN peer ON peer.id = announced.peer JOIN announcer" \
"  ON announcer.peer = announced.peer;"

/* Key over several paths. */
#define SQL_SCHEMA_7 \
/* Node-disjoint paths that the block came over: the XOR of so many parts. */ \
"ALTER TABLE block ADD COLUMN paths INTEGER NOT NULL DEFAULT 1;"

/* What is sealed, for sealing it again. */
#define SQL_SEALED_SEGMENTS "SELECT segment.id, -1, sealed, direction," \
	" serial, km FROM segment JOIN block ON block.id = segment.id >> 6" \
	" JOIN peer ON peer.id = block.peer WHERE segment.id > ?1 AND ?2 < 0" \
	" ORDER BY segment.id LIMIT 1"
#define SQL_SEAL_SEGMENT "UPDATE segment SET sealed = ?1 WHERE id = ?2" \
	" AND ?3 < 0"
#define SQL_SEALED_CONTROLS "SELECT peer, id, sealed FROM control" \
	" WHERE (peer, id) > (?1, ?2) ORDER BY peer, id LIMIT 1"
#define SQL_SEAL_CONTROL "UPDATE control SET sealed = ?1 WHERE peer = ?2" \
	" AND id = ?3"
#define SQL_SEALED_PLAIN "SELECT rowid, -1, sealed, id FROM plain_key" \
	" WHERE rowid > ?1 AND ?2 < 0 AND sealed IS NOT NULL" \
	" ORDER BY rowid LIMIT 1"
#define SQL_SEAL_PLAIN "UPDATE plain_key SET sealed = ?1 WHERE rowid = ?2" \
	" AND ?3 < 0"

/* The record of keys; what the view of that name told is in `supplied`. */
#define SQL_SCHEMA_10 "DROP VIEW audit;" AUDIT_SCHEMA

/* peers */
#define SQL_PEER_ADD "INSERT OR IGNORE INTO peer (km) VALUES (?)"
#define SQL_PEER_GET "SELECT id, mark, seen, block_last, issued_last, acked," \
	" received_last, control FROM peer WHERE km = ?"
#define SQL_PEER_KM "SELECT km FROM peer WHERE id = ?"
#define SQL_PEER_MARK "UPDATE peer SET mark = mark + 1," \
	" seen = max(seen, ?2) WHERE id = ?1 RETURNING mark"
#define SQL_PEER_RAISE "UPDATE peer SET mark = max(mark, ?2) + 1," \
	" seen = max(seen, ?3) WHERE id = ?1"
#define SQL_PEER_SEEN "UPDATE peer SET seen = max(seen, ?2) WHERE id = ?1"
#define SQL_PEERS_FORGET "UPDATE peer SET mark = 0"
#define SQL_PEER_MARK_GET "SELECT mark FROM peer WHERE id = ?"
#define SQL_PEER_ISSUED "UPDATE peer SET issued_last = max(issued_last, ?2)" \
	" WHERE id = ?1"
#define SQL_PEER_ACKED "UPDATE peer SET acked = max(acked, ?2) WHERE id = ?1"
#define SQL_PEER_RECEIVED "UPDATE peer SET received_last = ?2 WHERE id = ?1"
#define SQL_PEER_RECEIVED_GET "SELECT received_last FROM peer WHERE id = ?"
#define SQL_PEER_BLOCK "UPDATE peer SET block_last = max(block_last, ?2)" \
	" WHERE id = ?1"
#define SQL_PEER_CONTROL "UPDATE peer SET control = ?2 WHERE id = ?1"

/* for operators: as the views say it */
#define SQL_ISSUED_SHOW "SELECT request, " SQL_KEY_IDS ", master, slave," \
	" keys, octets, made, CASE WHEN state = 2 THEN 'void' WHEN state = 4" \
	" THEN 'offered' WHEN request <= (SELECT acked FROM peer" \
	" WHERE id = ?1) THEN 'bound' ELSE 'unacknowledged' END, " \
	SQL_UUID("session") " FROM issued WHERE peer = ?1 AND request < ?2" \
	" ORDER BY request DESC LIMIT ?3"
#define SQL_RECEIVED_SHOW "SELECT request, " SQL_KEY_IDS ", master, slave," \
	" keys, octets, made, CASE state WHEN 0 THEN CASE WHEN fetched IS" \
	" NULL THEN 'waiting' ELSE 'fetched' END WHEN 1 THEN 'erased'" \
	" WHEN 2 THEN 'void' WHEN 4 THEN 'offered' ELSE 'expired' END, " \
	SQL_UUID("session") " FROM received WHERE peer = ?1 AND request < ?2" \
	" ORDER BY request DESC LIMIT ?3"

/* blocks */
#define SQL_BLOCK_ADD "INSERT INTO block (peer, direction, serial, state," \
	" octets, made, hops, born, paths) VALUES (?, ?, ?, ?, ?, ?," \
	" nullif(?, 4294967295), nullif(?, 0), ?)"
#define SQL_BLOCK_FIND "SELECT id, serial, state, octets, used, wiped, made," \
	" answer, hops, born, paths FROM block WHERE peer = ? AND direction = ? AND serial = ?"
#define SQL_BLOCK_EACH "SELECT id, serial, state, octets, used, wiped, made," \
	" answer, hops, born, paths FROM block WHERE peer = ? AND direction = ? AND serial > ?" \
	" ORDER BY serial LIMIT 1"
#define SQL_BLOCK_EACH_NEW "SELECT id, serial, state, octets, used, wiped," \
	" made, answer, hops, born, paths FROM block WHERE peer = ? AND direction = ?" \
	" AND serial > ? AND state = 0 ORDER BY serial LIMIT 1"
#define SQL_BLOCK_READY "UPDATE block SET state = 1, answer = ?2" \
	" WHERE id = ?1 AND state = 0"
#define SQL_BLOCK_USED "UPDATE block SET used = ?2 WHERE id = ?1 AND used < ?2"
#define SQL_BLOCK_WIPED "UPDATE block SET wiped = ?2 WHERE id = ?1"
#define SQL_BLOCK_DELETE "DELETE FROM block WHERE id = ?"
#define SQL_BLOCK_SPENT "DELETE FROM block WHERE id = ?1 AND used = octets" \
	" AND NOT EXISTS (SELECT 1 FROM segment WHERE segment.id" \
	" BETWEEN ?1 * 64 AND ?1 * 64 + 63)"
#define SQL_BLOCK_COUNT "SELECT count(*), total(octets - used) FROM block" \
	" WHERE peer = ? AND direction = ?"
#define SQL_SEGMENT_ADD "INSERT INTO segment (id, remaining, sealed)" \
	" VALUES (?, ?, ?)"
#define SQL_SEGMENT_GET "SELECT remaining, sealed FROM segment WHERE id = ?"
#define SQL_SEGMENT_SET "UPDATE segment SET remaining = ?2, sealed = ?3" \
	" WHERE id = ?1"
#define SQL_SEGMENT_DELETE "DELETE FROM segment WHERE id = ?"
#define SQL_SEGMENTS_WHOLE "DELETE FROM segment" \
	" WHERE id >= ?1 AND id < ?2 AND remaining = ?3"
#define SQL_SEGMENTS_DELETE "DELETE FROM segment" \
	" WHERE id BETWEEN ?1 * 64 AND ?1 * 64 + 63"

/* control keys */
#define SQL_CONTROL_ADD "INSERT OR REPLACE INTO control (peer, id, sealed)" \
	" VALUES (?, ?, ?)"
#define SQL_CONTROL_EACH "SELECT id, sealed FROM control WHERE peer = ?" \
	" ORDER BY id"
/* Keeps the eight latest of one direction and the one in use. */
#define SQL_CONTROL_PRUNE "DELETE FROM control WHERE peer = ?1" \
	" AND id & 1 = ?2 & 1 AND id <> (SELECT control FROM peer" \
	" WHERE id = ?1) AND id < (SELECT min(id) FROM (SELECT id FROM control" \
	" WHERE peer = ?1 AND id & 1 = ?2 & 1 ORDER BY id DESC LIMIT 8))"
#define SQL_CONTROL_DELETE "DELETE FROM control WHERE peer = ? AND id = ?"

/* bindings */
#define BINDING_COLUMNS "request, master, slave, keys, octets, made, seed," \
	" pieces, state, copied, session"
#define SQL_ISSUED_ADD "INSERT INTO issued (peer, " BINDING_COLUMNS ")" \
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, x''))"
#define SQL_ISSUED_GET "SELECT " BINDING_COLUMNS ", NULL, NULL FROM issued" \
	" WHERE peer = ? AND request = ?"
#define SQL_ISSUED_NEXT "SELECT " BINDING_COLUMNS ", NULL, NULL FROM issued" \
	" WHERE peer = ? AND request > ? ORDER BY request LIMIT 1"
#define SQL_ISSUED_VOID "UPDATE issued SET state = 2" \
	" WHERE peer = ? AND request = ? AND state <> 2"
#define SQL_ISSUED_SETTLE "UPDATE issued SET state = 0" \
	" WHERE peer = ? AND request = ? AND state = 4"
#define SQL_ISSUED_RECALL "UPDATE issued SET state = 2" \
	" WHERE peer = ? AND request = ? AND session IS NOT NULL" \
	" AND state <> 2"
#define SQL_ISSUED_PENDING "SELECT count(*) FROM issued" \
	" WHERE peer = ? AND request > ?"
#define SQL_ISSUED_FORGET "DELETE FROM issued WHERE peer = ?1 AND request IN" \
	" (SELECT request FROM issued WHERE peer = ?1 AND request <= ?2" \
	" ORDER BY request LIMIT 1000) AND made < ?3"
#define SQL_RECEIVED_ADD "INSERT INTO received (peer, " BINDING_COLUMNS ")" \
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, x''))"
#define SQL_RECEIVED_GET "SELECT " BINDING_COLUMNS ", fetched, erased" \
	" FROM received WHERE peer = ? AND request = ?"
#define SQL_RECEIVED_NEXT "SELECT " BINDING_COLUMNS ", fetched, erased" \
	" FROM received WHERE peer = ? AND request > ? ORDER BY request" \
	" LIMIT 1"
#define SQL_RECEIVED_FETCHED "UPDATE received SET fetched = ?3" \
	" WHERE peer = ?1 AND request = ?2 AND state IN (0, 4)"
#define SQL_RECEIVED_ERASED "UPDATE received SET erased = ?3, state = ?4" \
	" WHERE peer = ?1 AND request = ?2"
/* Keys of a session can be void after they were delivered, too. */
#define SQL_RECEIVED_VOID "UPDATE received SET state = 2" \
	" WHERE peer = ?1 AND request = ?2 AND (state = 0" \
	" OR (session IS NOT NULL AND state <> 2))"
#define SQL_RECEIVED_WITHDRAW "UPDATE received SET state = 2" \
	" WHERE peer = ? AND request = ? AND session = ? AND state <> 2"
#define SQL_RECEIVED_VOID_ALL "UPDATE received SET state = 2" \
	" WHERE peer = ? AND state IN (0, 4)"
#define SQL_RECEIVED_SETTLE "UPDATE received SET state = ?3" \
	" WHERE peer = ?1 AND request = ?2 AND state = 4"
#define SQL_RECEIVED_FORGET "DELETE FROM received WHERE peer = ?1 AND" \
	" request IN (SELECT request FROM received WHERE peer = ?1" \
	" ORDER BY request LIMIT 1000) AND made < ?2" \
	" AND state NOT IN (0, 4)"
#define SQL_FETCHED_ADD "INSERT INTO fetched (peer, request, at)" \
	" VALUES (?, ?, ?)"
#define SQL_FETCHED_FIRST "SELECT seq, peer, request, at FROM fetched" \
	" ORDER BY seq LIMIT 1"
#define SQL_FETCHED_DELETE "DELETE FROM fetched WHERE seq = ?"
#define SQL_COPY_ADD "INSERT INTO copy (peer, mine, request, mac, octets)" \
	" VALUES (?, ?, ?, ?, ?)"
#define SQL_COPY_GET "SELECT mac, octets FROM copy" \
	" WHERE peer = ? AND mine = ? AND request = ?"
#define SQL_COPY_DELETE "DELETE FROM copy" \
	" WHERE peer = ? AND mine = ? AND request = ?"
#define SQL_COPIES_DELETE "DELETE FROM copy" \
	" WHERE peer = ? AND mine = ? AND request <= ?"
#define SQL_NOTICE_ADD "INSERT OR IGNORE INTO notice (peer, mine, block)" \
	" VALUES (?, ?, ?)"
#define SQL_NOTICE_DELETE "DELETE FROM notice" \
	" WHERE peer = ? AND mine = ? AND block = ?"
#define SQL_NOTICE_EACH "SELECT mine, block FROM notice WHERE peer = ?" \
	" LIMIT 256"
#define SQL_NOTICE_GET "SELECT 1 FROM notice" \
	" WHERE peer = ? AND mine = ? AND block = ?"

/* tombstones; serials grow with time, so the oldest go */
#define SQL_TOMBSTONE_ADD "INSERT OR IGNORE INTO tombstone (peer, block)" \
	" VALUES (?, ?)"
#define SQL_TOMBSTONE_TRIM "DELETE FROM tombstone WHERE peer = ?1" \
	" AND block <= (SELECT block FROM tombstone WHERE peer = ?1" \
	" ORDER BY block DESC LIMIT 1 OFFSET ?2)"
#define SQL_TOMBSTONE_GET "SELECT 1 FROM tombstone" \
	" WHERE peer = ? AND block = ?"

/* sessions */
#define SESSION_COLUMNS "id, peer, source_here, destination_here, source," \
	" destination, name, most, drawn, state, status, told, made, ended"
#define SQL_SESSION_ADD "INSERT INTO session (" SESSION_COLUMNS ")" \
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define SQL_SESSION_EACH "SELECT " SESSION_COLUMNS " FROM session" \
	" ORDER BY made"
#define SQL_SESSION_STATE "SELECT state FROM session WHERE id = ?"
#define SQL_SESSION_OPEN "UPDATE session SET state = 1" \
	" WHERE id = ? AND state = 0"
#define SQL_SESSION_END "UPDATE session SET state = 2, status = ?2," \
	" told = ?3, ended = ?4 WHERE id = ?1 AND state <> 2"
#define SQL_SESSION_TOLD "UPDATE session SET told = 1 WHERE id = ?"
#define SQL_SESSION_DRAW "UPDATE session SET drawn = drawn + ?2" \
	" WHERE id = ?1 AND state = 1 AND (most = 0 OR drawn + ?2 <= most)"
#define SQL_SESSION_DELETE "DELETE FROM session WHERE id = ?"
/* Keys that are about to be void do not count any more. Of the received ones
 * only those that were drawn here, too. */
#define SQL_SESSION_RETURN_ISSUED "UPDATE session" \
	" SET drawn = max(session.drawn - i.keys, 0) FROM issued AS i" \
	" WHERE i.peer = ? AND i.request = ? AND i.state <> 2" \
	" AND session.id = i.session"
/* What was supplied counts, whatever the peer says of it later. */
#define SQL_SESSION_RETURN_OFFERED SQL_SESSION_RETURN_ISSUED \
	" AND i.state = 4"
#define SQL_SESSION_RETURN_RECEIVED "UPDATE session" \
	" SET drawn = max(session.drawn - r.keys, 0) FROM received AS r" \
	" WHERE r.peer = ?1 AND r.request = ?2 AND r.session = ?3" \
	" AND r.state <> 2 AND session.id = ?3 AND session.peer = ?1" \
	" AND session.source_here <> 0" \
	" AND session.destination_here <> 0"

/* What was offered when the last life ended. ?1: this node itself. */
#define SQL_OFFERED_RETURN "UPDATE session" \
	" SET drawn = max(session.drawn - o.keys, 0) FROM" \
	" (SELECT sum(keys) AS keys, session AS id FROM" \
	" (SELECT keys, session FROM issued WHERE state = 4 UNION ALL" \
	" SELECT keys, session FROM received WHERE state = 4 AND peer = ?1)" \
	" GROUP BY session) AS o WHERE session.id = o.id"
#define SQL_OFFERED_RECALL "INSERT OR IGNORE INTO recall (peer, request)" \
	" SELECT peer, request FROM issued WHERE state = 4"
#define SQL_OFFERED_ISSUED "UPDATE issued SET state = 2 WHERE state = 4"
#define SQL_OFFERED_ERASE "INSERT INTO fetched (peer, request, at)" \
	" SELECT peer, request, 0 FROM received WHERE state = 4"
#define SQL_OFFERED_RECEIVED "UPDATE received SET state = 2 WHERE state = 4"

/* plain peers */
#define SQL_PLAIN_ADD "INSERT INTO plain_key (id, km, mine, master, slave," \
	" octets, made, state, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define SQL_PLAIN_GET "SELECT km, mine, master, slave, octets, made, state," \
	" fetched, sealed FROM plain_key WHERE id = ?"
/* ?3: fetched before that it is too late to fetch it again. */
#define SQL_PLAIN_FETCH "UPDATE plain_key SET fetched = CASE fetched" \
	" WHEN 0 THEN ?2 ELSE fetched END WHERE id = ?1 AND state = 0" \
	" AND (fetched = 0 OR fetched > ?3)"
#define SQL_PLAIN_SETTLE "UPDATE plain_key SET state = ?2" \
	" WHERE id = ?1 AND state = 4"
#define SQL_PLAIN_DUE "SELECT EXISTS (SELECT 1 FROM plain_key" \
	" WHERE sealed IS NOT NULL AND fetched > 0 AND fetched <= ?1)" \
	" OR EXISTS (SELECT 1 FROM plain_key WHERE sealed IS NOT NULL" \
	" AND fetched = 0 AND made < ?2) OR EXISTS (SELECT 1 FROM plain_key" \
	" WHERE made < ?3)"
/* Some at a time: what is left is due a second later. */
#define SQL_PLAIN_ERASE "UPDATE plain_key SET state = 1, sealed = NULL" \
	" WHERE rowid IN (SELECT rowid FROM plain_key WHERE sealed" \
	" IS NOT NULL AND fetched > 0 AND fetched <= ? LIMIT 5000)"
#define SQL_PLAIN_EXPIRE "UPDATE plain_key SET state = 3, sealed = NULL" \
	" WHERE rowid IN (SELECT rowid FROM plain_key WHERE sealed" \
	" IS NOT NULL AND fetched = 0 AND made < ? LIMIT 5000)"
#define SQL_PLAIN_FORGET "DELETE FROM plain_key WHERE rowid IN (SELECT" \
	" rowid FROM plain_key WHERE made < ? LIMIT 5000)"
#define SQL_PLAIN_COUNT "SELECT count(*) FROM plain_key" \
	" WHERE km = ? AND mine = 0"
#define SQL_PLAIN_VOID_ASKED "UPDATE plain_key SET state = 2 WHERE state = 4"
#define SQL_PLAIN_VOID_ALL "UPDATE plain_key SET state = 2, sealed = NULL" \
	" WHERE sealed IS NOT NULL"

/* applications of other nodes */
#define SQL_ANNOUNCER_GET "SELECT generation FROM announcer WHERE peer = ?"
#define SQL_ANNOUNCER_SET "INSERT OR REPLACE INTO announcer (peer," \
	" generation, heard) VALUES (?, ?, ?)"
#define SQL_ANNOUNCED_EACH "SELECT id FROM announced WHERE peer = ?" \
	" ORDER BY id"
#define SQL_ANNOUNCED_ADD "INSERT OR IGNORE INTO announced (peer, id)" \
	" VALUES (?, ?)"
#define SQL_ANNOUNCED_CLEAR "DELETE FROM announced WHERE peer = ?"
#define SQL_ANNOUNCED_DELETE "DELETE FROM announced" \
	" WHERE peer = ? AND id = ?"

/* recalls */
#define SQL_RECALL_ADD "INSERT OR IGNORE INTO recall (peer, request)" \
	" VALUES (?, ?)"
#define SQL_RECALL_EACH "SELECT request FROM recall WHERE peer = ?" \
	" ORDER BY request LIMIT ?"
#define SQL_RECALL_DELETE "DELETE FROM recall WHERE peer = ? AND request = ?"

#endif

/*
 * views.sql.h - what an operator reads of ksa's store; qkdnode-stores(7)
 * explains every column. Times are UTC.
 */
#ifndef KSA_VIEWS_SQL_H
#define KSA_VIEWS_SQL_H

#define SQL_UTC(ms)	"datetime((" ms ") / 1000, 'unixepoch')"
#define SQL_YES(c)	"CASE " c " WHEN 0 THEN 'no' ELSE 'yes' END"
#define SQL_DIRECTION	"CASE direction WHEN 0 THEN 'out' ELSE 'in' END"
#define SQL_PEER_NAME(t) "peer ON peer.id = " t ".peer"

#define SQL_VIEW_POOL \
"DROP VIEW pool;" \
"CREATE VIEW pool AS SELECT km AS peer, " SQL_DIRECTION " AS direction," \
"  count(*) AS blocks," \
"  sum(CASE state WHEN 1 THEN octets - used ELSE 0 END) AS available," \
"  sum(CASE state WHEN 0 THEN octets ELSE 0 END) AS unconfirmed," \
"  sum(CASE WHEN state = 1 AND hops < 2 THEN octets - used ELSE 0 END)" \
"    AS direct," \
"  sum(CASE WHEN state = 1 AND paths > 1 THEN octets - used ELSE 0 END)" \
"    AS disjoint," \
"  " SQL_UTC("min(born)") " AS oldest" \
"  FROM block JOIN " SQL_PEER_NAME("block") " GROUP BY km, direction;" \
"CREATE VIEW blocks AS SELECT km AS peer, " SQL_DIRECTION " AS direction," \
"  serial, CASE WHEN state = 0 THEN 'unconfirmed'" \
"    WHEN used = octets THEN 'used' ELSE 'available' END AS state," \
"  octets, used, wiped AS erased, " SQL_UTC("made") " AS made," \
"  " SQL_UTC("born") " AS born, hops AS links, paths" \
"  FROM block JOIN " SQL_PEER_NAME("block") ";"

#define SQL_VIEW_ASSIGNED \
"DROP VIEW assigned;" \
"CREATE VIEW assigned AS SELECT km AS source, " SQL_KEY_IDS ", master," \
"  replace(slave, char(10), ', ') AS slave, keys, octets," \
"  " SQL_UTC("made") " AS made," \
"  CASE state WHEN 0 THEN CASE WHEN fetched IS NULL THEN 'waiting'" \
"    ELSE 'fetched' END WHEN 1 THEN 'erased' WHEN 2 THEN 'void'" \
"    WHEN 4 THEN 'offered' ELSE 'expired' END AS state," \
"  " SQL_UUID("session") " AS session, " SQL_YES("copied") " AS copied" \
"  FROM received JOIN " SQL_PEER_NAME("received") ";" \
"CREATE VIEW supplied AS SELECT km AS destination, " SQL_KEY_IDS "," \
"  master, replace(slave, char(10), ', ') AS slave, keys, octets," \
"  " SQL_UTC("made") " AS made," \
"  CASE WHEN state = 2 THEN 'void' WHEN state = 4 THEN 'offered'" \
"    WHEN request <= acked THEN 'bound' ELSE 'unacknowledged' END AS state," \
"  " SQL_UUID("session") " AS session, " SQL_YES("copied") " AS copied" \
"  FROM issued JOIN " SQL_PEER_NAME("issued") ";"

/* The high octets of a request's number are the time when it was made. */
#define SQL_VIEW_PEERS \
"CREATE VIEW peers AS SELECT km AS peer," \
"  CASE mark WHEN 0 THEN 'went back' ELSE 'ok' END AS store," \
"  mark AS commits, seen AS their_commits," \
"  (SELECT count(*) FROM control WHERE control.peer = peer.id)" \
"    AS channel_keys," \
"  CASE issued_last WHEN 0 THEN NULL" \
"    ELSE " SQL_UTC("issued_last >> 12") " END AS last_supplied," \
"  CASE received_last WHEN 0 THEN NULL" \
"    ELSE " SQL_UTC("received_last >> 12") " END AS last_assigned," \
"  (SELECT count(*) FROM issued WHERE issued.peer = peer.id" \
"    AND request > acked AND state <> 2) AS unacknowledged," \
"  (SELECT count(*) FROM notice WHERE notice.peer = peer.id)" \
"    AS void_blocks," \
"  (SELECT count(*) FROM recall WHERE recall.peer = peer.id)" \
"    AS void_requests," \
"  (SELECT count(*) FROM tombstone WHERE tombstone.peer = peer.id)" \
"    AS tombstones FROM peer;"

/* `status` is one of enum supply_status. */
#define SQL_VIEW_SESSIONS \
"DROP VIEW sessions;" \
"CREATE VIEW sessions AS SELECT km AS peer, " SQL_UUID("session.id") \
"  AS session, source, destination, name," \
"  CASE state WHEN 0 THEN 'proposed' WHEN 1 THEN 'open' ELSE 'ended' END" \
"    AS state, drawn, most, " SQL_UTC("made") " AS made," \
"  CASE ended WHEN 0 THEN NULL ELSE " SQL_UTC("ended") " END AS ended," \
"  CASE WHEN state <> 2 THEN NULL WHEN status = 0 THEN 'closed'" \
"    WHEN status = 6 THEN 'unavailable' WHEN status = 7 THEN 'timeout'" \
"    WHEN status = 9 THEN 'rejected' WHEN status = 10 THEN 'expired'" \
"    ELSE 'failed' END AS why" \
"  FROM session JOIN " SQL_PEER_NAME("session") ";"

#define SQL_VIEW_PLAIN \
"DROP VIEW plain;" \
"CREATE VIEW plain AS SELECT km AS peer, " SQL_UUID("id") " AS key_ID," \
"  CASE mine WHEN 1 THEN 'out' ELSE 'in' END AS direction," \
"  master, slave, octets, " SQL_UTC("made") " AS made," \
"  CASE fetched WHEN 0 THEN NULL ELSE " SQL_UTC("fetched") " END" \
"    AS fetched," \
"  CASE state WHEN 0 THEN CASE fetched WHEN 0 THEN 'waiting'" \
"    ELSE 'fetched' END WHEN 1 THEN CASE mine WHEN 1 THEN 'supplied'" \
"    ELSE 'erased' END WHEN 2 THEN 'void' WHEN 3 THEN 'expired'" \
"    ELSE 'asked' END AS state FROM plain_key;"

#define SQL_VIEWS SQL_VIEW_POOL SQL_VIEW_ASSIGNED SQL_VIEW_PEERS \
	SQL_VIEW_SESSIONS SQL_VIEW_PLAIN

#endif

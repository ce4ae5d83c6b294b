/*
 * views.sql.h - what an operator reads of kma's store; qkdnode-stores(7)
 * explains every column. Times are UTC.
 */
#ifndef KMA_VIEWS_SQL_H
#define KMA_VIEWS_SQL_H

#define SQL_UTC(ms)	"datetime((" ms ") / 1000, 'unixepoch')"

/* Even blocks are the lower KM's, unless they were given away. */
#define SQL_OWNER \
"CASE WHEN (b.key & 1) = (b.state = 2) THEN 'lower KM ID'" \
" ELSE 'higher KM ID' END AS owner"

#define SQL_VIEWS \
"CREATE VIEW links AS SELECT name, peer, mark AS commits," \
"  seen AS their_commits, last AS last_block," \
"  CASE control WHEN 0 THEN 'no' ELSE 'yes' END AS channel_key," \
"  count(CASE b.state WHEN 0 THEN 1 END) AS new," \
"  count(CASE WHEN b.state > 0 THEN 1 END) AS agreed," \
"  coalesce(sum(b.octets), 0) AS octets, " SQL_UTC("min(b.made)") " AS oldest" \
"  FROM qkd_link l LEFT JOIN link_block b ON b.key" \
"  BETWEEN l.id << 48 AND (l.id + 1 << 48) - 1 GROUP BY l.id;" \
"CREATE VIEW blocks AS SELECT l.name AS link, b.key & 281474976710655" \
"  AS block, CASE b.state WHEN 0 THEN 'new' WHEN 1 THEN 'agreed'" \
"  ELSE 'given' END AS state, " SQL_OWNER ", b.octets," \
"  " SQL_UTC("b.made") " AS made" \
"  FROM link_block b JOIN qkd_link l ON l.id = b.key >> 48;" \
"CREATE VIEW arrived AS SELECT source, block, 'whole' AS state, paths," \
"  " SQL_UTC("made") " AS made FROM inbound UNION ALL" \
"  SELECT source, block, 'parts', count(*), " SQL_UTC("min(made)") \
"  FROM part GROUP BY source, block;" \
"CREATE VIEW routes AS SELECT destination, route," \
"  " SQL_UTC("made") " AS made FROM route;"

#endif

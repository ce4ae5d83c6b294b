/*
 * dbvfs.h - how SQLite's files are written. It writes a log as two pieces for
 * each page, 24 and 4096 octets; here they are collected, and one write()
 * takes what a transaction has, at the latest when it is made durable.
 */
#ifndef QKD_DBVFS_H
#define QKD_DBVFS_H

/* To open a database through; NULL: SQLite has no such files here. */
const char	*dbvfs_name(void);

#endif

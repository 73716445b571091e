/** Numbered from 1; number n leads from schema n-1 to n. Never edit one that was released: add the next. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE record (
     bucket TEXT NOT NULL,
     key TEXT NOT NULL,
     value TEXT NOT NULL,
     PRIMARY KEY (bucket, key)
   ) WITHOUT ROWID, STRICT;`,
];

import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS } from './migrations.ts';

/** One change with its value as JSON text already. */
export interface RawChange {
  bucket: string;
  key: string;
  /** Undefined deletes. */
  json: string | undefined;
}

export interface Database {
  load(bucket: string): { key: string; json: string }[];
  /** One transaction, durable when this returns. */
  write(changes: readonly RawChange[]): void;
  close(): void;
}

/** A file that is there but cannot be used. `code` is `metadata-damaged` or `metadata-too-new`. */
export class DatabaseError extends Error {
  readonly code: 'metadata-damaged' | 'metadata-too-new';

  constructor(code: 'metadata-damaged' | 'metadata-too-new', message: string) {
    super(message);
    this.code = code;
  }
}

/** Opens or creates the file and brings its schema up to date. Synchronous: for a worker thread. @throws DatabaseError */
export function openDatabase(path: string): Database {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;');
    const state = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
    if (state !== 'ok') throw new Error(String(state));
    migrate(db, path);
  } catch (error) {
    db?.close();
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError(
      'metadata-damaged',
      `the metadata file ${path} is damaged or not a database (${error instanceof Error ? error.message : error}); ` +
        'restore it from a backup, or move it away to start empty',
    );
  }
  return statements(db);
}

function migrate(db: DatabaseSync, path: string): void {
  const version = Number(Object.values(db.prepare('PRAGMA user_version').get() ?? {})[0]);
  if (version > MIGRATIONS.length)
    throw new DatabaseError(
      'metadata-too-new',
      `the metadata file ${path} has schema ${version}, written by a newer release; this one knows ${MIGRATIONS.length}`,
    );
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < version) continue;
    db.exec(`BEGIN IMMEDIATE; ${migration} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}

function statements(db: DatabaseSync): Database {
  const select = db.prepare('SELECT key, value FROM record WHERE bucket = ? ORDER BY key');
  const put = db.prepare('INSERT OR REPLACE INTO record (bucket, key, value) VALUES (?, ?, ?)');
  const drop = db.prepare('DELETE FROM record WHERE bucket = ? AND key = ?');
  return {
    load: (bucket) => select.all(bucket).map((row) => ({ key: String(row['key']), json: String(row['value']) })),
    write(changes) {
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const { bucket, key, json } of changes) {
          if (json === undefined) drop.run(bucket, key);
          else put.run(bucket, key, json);
        }
        db.exec('COMMIT');
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => db.close(),
  };
}

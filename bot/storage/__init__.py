"""The database: connection, tables, locks, migrations."""

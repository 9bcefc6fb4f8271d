-- For volumes of versions before the role tallygate was an ordinary one: docs/operate.md says how to run it.
\set password `cat /run/secrets/database/database_password`
begin;
alter role tallygate rename to postgres;
alter role postgres password null;
create role tallygate login password :'password';
alter database tallygate owner to tallygate;
select format('alter table %I.%I owner to tallygate', schemaname, tablename) from pg_tables where schemaname = 'public' \gexec
select format('alter function %s owner to tallygate', oid::regprocedure) from pg_proc where pronamespace = 'public'::regnamespace \gexec
commit;

-- Runs once, when the volume is new. auth-service's role is an ordinary one that owns its database. The superuser postgres has no
-- password: only the container's own socket lets it in.
\set password `cat /run/secrets/database/database_password`
create role tallygate login password :'password';
alter database tallygate owner to tallygate;
alter role postgres password null;

-- A role for spectators whose password may be in their builds: it takes away what Postgres lets anybody write.
--
-- A superuser runs it once, after roles.sql, with names and a password of their own: psql -v ON_ERROR_STOP=1 -f spectator.sql DATABASE.
--
-- The token is what protects a session; this lets anybody connect who has the password. Who has it can change it, by
-- alter role current_user, and shuts all others out until an administrator sets it again. Where strangers have it, give each
-- spectator a role of their own, or ask the role for no password, which leaves none to be changed, by a line in pg_hba.conf
-- before all others that are about it:
--
--   hostssl worlds screen all trust
--
-- It stays a login. It takes connections up to its limit: keep that well below max_connections. It connects to each database whose
-- `connect` you haven't revoked from public, reads the catalogues of Postgres, and can keep the server busy: with queries that hold
-- back vacuum, and with notify, whose queue fills up while a transaction that listens stays open. Let only those networks in
-- that need it. Where nobody is a superuser, as in many clouds, give each spectator a role of their own, or have a server of
-- yours in between.
--
-- Defaults that somebody sets for the role, such as statement_timeout, change nothing: a SharedSession brings its own, but for
-- idle_session_timeout. An administrator of roles.sql who is no superuser has to be a member of servers or operators then.
set search_path = pg_catalog, pg_temp;
create role screen login connection limit 20 password 'shown to everybody';
grant bevy_session_spectator to screen;
alter role screen set temp_file_limit = '16MB';
alter role screen set default_transaction_read_only = on;
revoke create on schema public from public;
revoke temporary on database worlds from public;
do $$
declare
    it regprocedure;
begin
    -- Servers and operators keep what they need of it.
    for it in select oid from pg_proc where pronamespace = 'pg_catalog'::regnamespace
        and proname ~ '^(pg_logical_emit_message|pg_(try_)?advisory_|lo_creat|lo_from_bytea)' loop
        execute format('revoke execute on function %s from public', it);
        execute format('grant execute on function %s to bevy_session_server, bevy_session_operator', it);
    end loop;
end $$;

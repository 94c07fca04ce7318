-- Roles for bevy_session in Postgres: what game servers, support, operators and spectators may do.
--
-- An administrator runs it once in each database, and again at each update: psql -v ON_ERROR_STOP=1 -f roles.sql DATABASE.
-- The tables are that administrator's then. Afterwards: grant bevy_session_server to arena;
begin;
-- Before release 15 everybody may create functions in `public`, where an unqualified name would find them.
set local search_path = pg_catalog, pg_temp;
set local client_min_messages = warning;
-- It locks all tables. Where somebody reads one of them for long, it gives up, and can be run again.
set local lock_timeout = '1s';

do $$
declare
    named text;
begin
    -- A server that makes the tables waits for this.
    perform pg_advisory_xact_lock(4913378250816123417);
    foreach named in array array['bevy_session_server', 'bevy_session_support', 'bevy_session_operator', 'bevy_session_spectator'] loop
        begin
            execute format('create role %I nologin', named);
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end $$;

-- The tables, as the library makes them.
create schema if not exists bevy_session;
create table if not exists bevy_session.schema (
    version integer not null
);
create table if not exists bevy_session.objects (
    session uuid not null,
    epoch bigint not null,
    position bigint not null,
    created timestamptz not null default now(),
    bytes bytea not null,
    primary key (session, epoch, position)
);
alter table bevy_session.objects alter column bytes set storage external;
create table if not exists bevy_session.catalogue (
    session uuid primary key,
    epoch bigint not null,
    machine text,
    game text,
    name text,
    player text,
    type text,
    status text,
    checkpoint text,
    started timestamptz,
    saved timestamptz,
    play_time interval,
    updated timestamptz not null default now()
);
insert into bevy_session.schema select 1
    where not exists (select from bevy_session.schema);

-- Who opened which session, why, and until when. Nobody but the owner changes or deletes a line.
create table if not exists bevy_session.support_grants (
    id bigint generated always as identity primary key,
    who name not null,
    session uuid not null,
    reason text not null,
    made timestamptz not null default clock_timestamp(),
    until timestamptz not null,
    ended timestamptz,
    ended_by name,
    made_in bigint not null default txid_current()
);
create index if not exists support_grants_by_session on bevy_session.support_grants (session, who);

-- Which session was shared until when, by the SHA-256 of the token. Nobody can tell the token from it.
create table if not exists bevy_session.shares (
    token bytea primary key,
    session uuid not null,
    made timestamptz not null,
    until timestamptz not null
);
-- Hours: a day has 23 of them where clocks go forward.
alter table bevy_session.shares drop constraint if exists shares_check;
alter table bevy_session.shares drop constraint if exists shares_end_within_a_week;
alter table bevy_session.shares add constraint shares_end_within_a_week check (until <= made + interval '168 hours');
create index if not exists shares_by_session on bevy_session.shares (session);

alter schema bevy_session owner to current_user;
alter table bevy_session.schema owner to current_user;
alter table bevy_session.objects owner to current_user;
alter table bevy_session.catalogue owner to current_user;
alter table bevy_session.support_grants owner to current_user;
alter table bevy_session.shares owner to current_user;

-- Support opens a session for itself. The line says who is logged in, whatever role is set.
create or replace function bevy_session.open_session(session uuid, reason text, duration interval)
    returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    moment timestamptz := clock_timestamp();
    made_id bigint;
begin
    if open_session.session is null or coalesce(btrim(open_session.reason), '') = '' then
        raise exception 'a session and a reason are needed' using errcode = 'check_violation';
    end if;
    if (moment + duration > moment and moment + duration <= moment + interval '7 days') is not true then
        raise exception 'a session is opened for 7 days at most' using errcode = 'check_violation';
    end if;
    -- The line is on the disk before anything is read by it.
    perform set_config('synchronous_commit', 'on', true);
    insert into bevy_session.support_grants (who, session, reason, made, until)
        values (session_user, open_session.session, open_session.reason, moment, moment + duration)
        returning id into made_id;
    return made_id;
end $$;

-- An operator ends a grant. The line stays.
create or replace function bevy_session.end_grant(grant_id bigint)
    returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update bevy_session.support_grants set ended = clock_timestamp(), ended_by = session_user
        where id = grant_id and ended is null;
    return found;
end $$;

-- Fails unless the connection's token opens a session at this moment. An older snapshot would still have a share that was ended.
create or replace function bevy_session.look_at_share(session uuid)
    returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- Only the two functions below call this one, as the owner of the tables.
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        raise exception 'what was shared is read in no older snapshot' using errcode = 'invalid_transaction_state';
    end if;
    if coalesce(current_setting('bevy_session.token', true), '') = '' then
        raise exception 'the connection has no token: a pooler has to let options through' using errcode = 'BS002';
    end if;
    perform from bevy_session.shares as shared
        where shared.token = sha256(convert_to(current_setting('bevy_session.token', true), 'UTF8'))
            and shared.session = look_at_share.session
            and shared.until > clock_timestamp();
    if not found then
        raise exception 'the session is not shared by this token, or not any more' using errcode = 'BS001';
    end if;
end $$;

-- What a shared session has. It doesn't wait for standbys, as an owner's listing does: what it lists is committed here, and a
-- standby that is promoted may lack it. A claim, at position 0, is listed; only its owner needs what it says.
create or replace function bevy_session.shared_objects(session uuid)
    returns table (epoch bigint, "position" bigint)
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform bevy_session.look_at_share(shared_objects.session);
    return query select object.epoch, object."position" from bevy_session.objects as object
        where object.session = shared_objects.session;
end $$;

create or replace function bevy_session.shared_entry(session uuid, epoch bigint, "position" bigint)
    returns bytea language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform bevy_session.look_at_share(shared_entry.session);
    return (select object.bytes from bevy_session.objects as object
        where object.session = shared_entry.session and object.epoch = shared_entry.epoch
            and object."position" = shared_entry."position" and object."position" <> 0);
end $$;

alter function bevy_session.look_at_share(uuid) owner to current_user;
alter function bevy_session.shared_objects(uuid) owner to current_user;
alter function bevy_session.shared_entry(uuid, bigint, bigint) owner to current_user;
alter function bevy_session.open_session(uuid, text, interval) owner to current_user;
alter function bevy_session.end_grant(bigint) owner to current_user;

-- Only what is granted here. Rows are chosen by the policies, and the owner sees all.
revoke all on schema bevy_session
    from public, bevy_session_server, bevy_session_support, bevy_session_operator, bevy_session_spectator;
revoke all on all tables in schema bevy_session
    from public, bevy_session_server, bevy_session_support, bevy_session_operator, bevy_session_spectator;
revoke all on all sequences in schema bevy_session
    from public, bevy_session_server, bevy_session_support, bevy_session_operator, bevy_session_spectator;
revoke all on all functions in schema bevy_session
    from public, bevy_session_server, bevy_session_support, bevy_session_operator, bevy_session_spectator;
grant usage on schema bevy_session
    to bevy_session_server, bevy_session_support, bevy_session_operator, bevy_session_spectator;
grant select on bevy_session.schema
    to bevy_session_server, bevy_session_support, bevy_session_operator, bevy_session_spectator;
grant select, insert, delete on bevy_session.objects to bevy_session_server, bevy_session_operator;
grant select, insert, delete on bevy_session.shares to bevy_session_server, bevy_session_operator;
grant select, insert, update on bevy_session.catalogue to bevy_session_server, bevy_session_operator;
grant select on bevy_session.objects, bevy_session.catalogue to bevy_session_support;
grant select on bevy_session.support_grants to bevy_session_support, bevy_session_operator;
grant execute on function bevy_session.open_session(uuid, text, interval) to bevy_session_support;
grant execute on function bevy_session.end_grant(bigint) to bevy_session_operator;
grant execute on function bevy_session.shared_objects(uuid) to bevy_session_spectator;
grant execute on function bevy_session.shared_entry(uuid, bigint, bigint) to bevy_session_spectator;

alter table bevy_session.schema enable row level security;
alter table bevy_session.objects enable row level security;
alter table bevy_session.catalogue enable row level security;
alter table bevy_session.support_grants enable row level security;
alter table bevy_session.shares enable row level security;

drop policy if exists everybody_reads on bevy_session.schema;
create policy everybody_reads on bevy_session.schema for select
    to bevy_session_server, bevy_session_support, bevy_session_operator, bevy_session_spectator using (true);

drop policy if exists servers_read on bevy_session.objects;
create policy servers_read on bevy_session.objects for select
    to bevy_session_server, bevy_session_operator using (true);

drop policy if exists servers_create on bevy_session.objects;
create policy servers_create on bevy_session.objects for insert
    to bevy_session_server, bevy_session_operator with check (true);

-- A claim, at position 0, is never deleted: a server that was paused would take the session for its own again.
drop policy if exists servers_delete_entries on bevy_session.objects;
create policy servers_delete_entries on bevy_session.objects for delete
    to bevy_session_server, bevy_session_operator using (position <> 0);

-- Under a grant that an earlier transaction committed: a rollback can't unsay what was read. The clock is that of now, and
-- not of the transaction's begin.
drop policy if exists support_reads_what_it_opened on bevy_session.objects;
create policy support_reads_what_it_opened on bevy_session.objects for select to bevy_session_support
    using (exists (
        select from bevy_session.support_grants as opened
        where opened.session = objects.session
            and opened.who = session_user
            and opened.ended is null
            and opened.until > clock_timestamp()
            and opened.made_in is distinct from txid_current_if_assigned()
    ));

drop policy if exists servers_keep_the_catalogue on bevy_session.catalogue;
create policy servers_keep_the_catalogue on bevy_session.catalogue
    to bevy_session_server, bevy_session_operator using (true) with check (true);

drop policy if exists support_lists_what_it_opened on bevy_session.catalogue;
create policy support_lists_what_it_opened on bevy_session.catalogue for select to bevy_session_support
    using (exists (
        select from bevy_session.support_grants as opened
        where opened.session = catalogue.session
            and opened.who = session_user
            and opened.ended is null
            and opened.until > clock_timestamp()
            and opened.made_in is distinct from txid_current_if_assigned()
    ));

drop policy if exists support_sees_its_own on bevy_session.support_grants;
create policy support_sees_its_own on bevy_session.support_grants for select
    to bevy_session_support using (who = session_user);

drop policy if exists operators_see_all on bevy_session.support_grants;
create policy operators_see_all on bevy_session.support_grants for select
    to bevy_session_operator using (true);

-- None that begins later, and so ends more than a week from now.
drop policy if exists servers_share on bevy_session.shares;
create policy servers_share on bevy_session.shares
    to bevy_session_server, bevy_session_operator using (true) with check (made <= clock_timestamp() + interval '1 minute');

commit;

-- +goose Up

-- What calls cost: units less requests, so that rows of an auth-service of the version before are right, where each call
-- costs one unit. The tables are locked in the order in which batches are added.
alter table usage_gateways add column extra_units bigint not null default 0;

-- rolled once more. An auth-service of the version before sets rolled alone, which the check refuses: it must not roll
-- a day up without units and keys. It adds batches and reads reports meanwhile.
alter table ledger_marks add column rolled_with_units timestamptz;
update ledger_marks set rolled_with_units = rolled;
alter table ledger_marks
    alter column rolled_with_units set not null,
    add constraint ledger_marks_rolled_with_units_check check (rolled_with_units = rolled);

alter table usage_hours add column extra_units bigint not null default 0;
alter table usage_days add column extra_units bigint not null default 0;
alter table usage_months add column extra_units bigint not null default 0;

-- The key has to carry every count.
create unique index usage_days_with_units_idx on usage_days (user_id, day, route)
    include (requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out, extra_units);
alter table usage_days
    drop constraint usage_days_pkey,
    add constraint usage_days_pkey primary key using index usage_days_with_units_idx;

-- The part of each of these that was called with API keys, by key. The rest was called without one.
create table key_usage_hours (
    user_id       bigint      not null,
    hour          timestamptz not null,
    route         text        collate "C" not null,
    key_id        bigint      not null,
    requests      bigint      not null,
    client_errors bigint      not null,
    server_errors bigint      not null,
    rate_limited  bigint      not null,
    bytes_in      bigint      not null,
    bytes_out     bigint      not null,
    extra_units   bigint      not null,
    constraint key_usage_hours_pkey primary key (user_id, hour, route, key_id)
) with (fillfactor = 70, autovacuum_vacuum_insert_scale_factor = 0.05);
create index key_usage_hours_hour_idx on key_usage_hours using brin (hour) with (pages_per_range = 32, autosummarize = on);
create index key_usage_hours_key_idx on key_usage_hours (key_id, hour);

create table key_usage_days (
    user_id       bigint      not null,
    day           timestamptz not null,
    route         text        collate "C" not null,
    key_id        bigint      not null,
    requests      bigint      not null,
    client_errors bigint      not null,
    server_errors bigint      not null,
    rate_limited  bigint      not null,
    bytes_in      bigint      not null,
    bytes_out     bigint      not null,
    extra_units   bigint      not null,
    constraint key_usage_days_pkey primary key (user_id, day, route, key_id)
        include (requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out, extra_units)
) with (autovacuum_vacuum_insert_scale_factor = 0.05);
create index key_usage_days_day_idx on key_usage_days using brin (day) with (pages_per_range = 32, autosummarize = on);
create index key_usage_days_key_idx on key_usage_days (key_id, day);

create table key_usage_months (
    user_id       bigint      not null,
    month         timestamptz not null,
    route         text        collate "C" not null,
    key_id        bigint      not null,
    requests      bigint      not null,
    client_errors bigint      not null,
    server_errors bigint      not null,
    rate_limited  bigint      not null,
    bytes_in      bigint      not null,
    bytes_out     bigint      not null,
    extra_units   bigint      not null,
    constraint key_usage_months_pkey primary key (user_id, month, route, key_id)
) with (fillfactor = 45, autovacuum_vacuum_insert_scale_factor = 0.05);
create index key_usage_months_month_idx on key_usage_months using brin (month) with (pages_per_range = 32, autosummarize = on);
create index key_usage_months_key_idx on key_usage_months (key_id, month);

-- +goose Down
drop table key_usage_months;
drop table key_usage_days;
drop table key_usage_hours;
create unique index usage_days_without_units_idx on usage_days (user_id, day, route)
    include (requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out);
alter table usage_days
    drop constraint usage_days_pkey,
    add constraint usage_days_pkey primary key using index usage_days_without_units_idx;
alter table usage_months drop column extra_units;
alter table usage_days drop column extra_units;
alter table usage_hours drop column extra_units;
alter table ledger_marks drop column rolled_with_units;
alter table usage_gateways drop column extra_units;

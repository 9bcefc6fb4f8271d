-- +goose Up

-- What calls cost: units less requests, so that rows of an auth-service of the version before are right, where each call
-- costs one unit.
alter table usage_gateways add column extra_units bigint not null default 0;
alter table usage_hours add column extra_units bigint not null default 0;
alter table usage_days add column extra_units bigint not null default 0;
alter table usage_months add column extra_units bigint not null default 0;

-- rolled once more. An auth-service of the version before sets rolled alone, which the check refuses: it must not roll
-- a day up without units and keys. It adds batches and reads reports meanwhile.
create table ledger_marks_new (
    id                integer   constraint ledger_marks_pkey primary key constraint ledger_marks_single_check check (id = 1),
    rolled            timestamp not null,
    pruned            timestamp not null,
    rolled_with_units timestamp not null,
    constraint ledger_marks_rolled_with_units_check check (rolled_with_units = rolled)
);
insert into ledger_marks_new (id, rolled, pruned, rolled_with_units) select id, rolled, pruned, rolled from ledger_marks;
drop table ledger_marks;
alter table ledger_marks_new rename to ledger_marks;

-- The part of each of these that was called with API keys, by key. The rest was called without one.
create table key_usage_hours (
    user_id       bigint    not null,
    hour          timestamp not null,
    route         text      not null,
    key_id        bigint    not null,
    requests      bigint    not null,
    client_errors bigint    not null,
    server_errors bigint    not null,
    rate_limited  bigint    not null,
    bytes_in      bigint    not null,
    bytes_out     bigint    not null,
    extra_units   bigint    not null,
    constraint key_usage_hours_pkey primary key (user_id, hour, route, key_id)
) without rowid;
create index key_usage_hours_hour_idx on key_usage_hours (hour);
create index key_usage_hours_key_idx on key_usage_hours (key_id, hour);

create table key_usage_days (
    user_id       bigint    not null,
    day           timestamp not null,
    route         text      not null,
    key_id        bigint    not null,
    requests      bigint    not null,
    client_errors bigint    not null,
    server_errors bigint    not null,
    rate_limited  bigint    not null,
    bytes_in      bigint    not null,
    bytes_out     bigint    not null,
    extra_units   bigint    not null,
    constraint key_usage_days_pkey primary key (user_id, day, route, key_id)
) without rowid;
create index key_usage_days_day_idx on key_usage_days (day);
create index key_usage_days_key_idx on key_usage_days (key_id, day);

create table key_usage_months (
    user_id       bigint    not null,
    month         timestamp not null,
    route         text      not null,
    key_id        bigint    not null,
    requests      bigint    not null,
    client_errors bigint    not null,
    server_errors bigint    not null,
    rate_limited  bigint    not null,
    bytes_in      bigint    not null,
    bytes_out     bigint    not null,
    extra_units   bigint    not null,
    constraint key_usage_months_pkey primary key (user_id, month, route, key_id)
) without rowid;
create index key_usage_months_month_idx on key_usage_months (month);
create index key_usage_months_key_idx on key_usage_months (key_id, month);

-- +goose Down
drop table key_usage_months;
drop table key_usage_days;
drop table key_usage_hours;
create table ledger_marks_new (
    id                integer   constraint ledger_marks_pkey primary key constraint ledger_marks_single_check check (id = 1),
    rolled            timestamp not null,
    pruned            timestamp not null
);
insert into ledger_marks_new (id, rolled, pruned) select id, rolled, pruned from ledger_marks;
drop table ledger_marks;
alter table ledger_marks_new rename to ledger_marks;
alter table usage_months drop column extra_units;
alter table usage_days drop column extra_units;
alter table usage_hours drop column extra_units;
alter table usage_gateways drop column extra_units;

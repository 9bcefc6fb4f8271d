-- +goose Up

-- Named bundles of limits. Users without a plan have the plan default. null is no limit. rates is a list in JSON.
create table plans (
    name               text        collate "C" constraint plans_pkey primary key,
    requests_per_month bigint      constraint plans_requests_per_month_check check (requests_per_month >= 0),
    requests_per_day   bigint      constraint plans_requests_per_day_check check (requests_per_day >= 0),
    rates              text        not null default '[]',
    in_flight          bigint      constraint plans_in_flight_check check (in_flight >= 0),
    version            bigint      not null, -- the number of the last change; 0 if there was none
    created_at         timestamptz not null,
    updated_at         timestamptz not null
);
create index plans_version_idx on plans (version);
insert into plans (name, version, created_at, updated_at) values ('default', 0, now(), now());

-- Plans that were deleted, for readers of the change feed. A plan that is made again leaves this table.
create table plans_gone (
    name    text        collate "C" constraint plans_gone_pkey primary key,
    version bigint      not null,
    gone_at timestamptz not null
);
create index plans_gone_version_idx on plans_gone (version);

-- The foreign key keeps every user's plan from being deleted. The index finds whether somebody has a plan: few do.
alter table users
    add column plan text collate "C" constraint users_plan_fkey references plans,
    add column roles text not null default '';
create index users_plan_idx on users (plan) where plan is not null;

-- +goose Down
alter table users drop column plan, drop column roles;
drop table plans_gone;
drop table plans;

-- +goose Up

-- What gateways hold of the quotas of a user's day and of an API key's month. A user's month stays in quota_leases, which an
-- auth-service of the version before reads and writes. When that one adds a batch, it settles nothing here: what was
-- delivered stays reserved until the lease ends or is given back, and no quota is exceeded.
create table scoped_leases (
    gateway    text        not null,
    user_id    bigint      not null,
    key_id     bigint      not null, -- 0: all calls of the user
    step       text        not null constraint scoped_leases_step_check check (step in ('day', 'month')),
    start      timestamp   not null, -- of the day or month
    request    bigint      not null, -- the last one answered
    granted    bigint      not null, -- units, to it
    reserved   bigint      not null constraint scoped_leases_reserved_check check (reserved >= 0),
    expires_at timestamp   not null, -- from then on nothing is reserved
    constraint scoped_leases_pkey primary key (user_id, key_id, step, start, gateway)
) without rowid;
create index scoped_leases_gateway_idx on scoped_leases (gateway);
create index scoped_leases_expires_at_idx on scoped_leases (expires_at);

-- +goose Down
drop table scoped_leases;

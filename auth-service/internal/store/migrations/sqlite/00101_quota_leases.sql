-- +goose Up

-- Calls of a user's month that a gateway may have made or may still make, not yet in the ledger.
create table quota_leases (
    gateway    text      not null,
    user_id    bigint    not null,
    month      timestamp not null,
    request    bigint    not null, -- the last one answered
    granted    bigint    not null, -- to it
    reserved   bigint    not null constraint quota_leases_reserved_check check (reserved >= 0),
    expires_at timestamp not null, -- from then on nothing is reserved
    constraint quota_leases_pkey primary key (user_id, month, gateway)
) without rowid;
create index quota_leases_gateway_idx on quota_leases (gateway);
create index quota_leases_expires_at_idx on quota_leases (expires_at);

-- +goose Down
drop table quota_leases;

-- +goose Up

-- Failed sign-ins. The key is a hash of what is counted: an address, or a user name at an address.
create table guess_counters (
    key           bytea       constraint guess_counters_pkey primary key,
    failures      integer     not null,
    pending       integer     not null, -- being verified now
    pending_until timestamptz not null, -- from then on they are taken for lost
    blocked_until timestamptz not null,
    forgotten_at  timestamptz not null
);
create index guess_counters_forgotten_at_idx on guess_counters (forgotten_at);

-- Where users have signed in before.
create table known_addresses (
    user_id      bigint      not null constraint known_addresses_user_id_fkey references users on delete cascade,
    address      text        not null,
    last_used_at timestamptz not null,
    constraint known_addresses_pkey primary key (user_id, address)
);
create index known_addresses_last_used_at_idx on known_addresses (last_used_at);

-- +goose Down
drop table known_addresses;
drop table guess_counters;

-- +goose Up

-- Who may register where that is not open to all. Only the SHA-256 of the token is here. The ids are random.
create table invitations (
    id           bigint      constraint invitations_pkey primary key,
    token_hash   blob        not null constraint invitations_token_hash_key unique,
    created_at   timestamp   not null,
    created_by   bigint,               -- null: the command line
    expires_at   timestamp   not null,
    username     text,                 -- the only name that it is for; null: any
    plan         text,                 -- of the user; null: the default
    roles        text        not null, -- of the user, with one space between two
    used_at      timestamp  ,
    used_by      bigint,
    withdrawn_at timestamp  ,
    constraint invitations_used_check check ((used_at is null) = (used_by is null)),
    constraint invitations_end_check check (used_at is null or withdrawn_at is null)
);
create index invitations_created_at_idx on invitations (created_at, id);
create index invitations_open_idx on invitations (expires_at) where used_at is null and withdrawn_at is null;
create index invitations_end_idx on invitations (coalesce(used_at, withdrawn_at, expires_at));
create index invitations_used_by_idx on invitations (used_by) where used_by is not null;

-- +goose Down
drop table invitations;

-- +goose Up

-- Whether signing in takes a one-time code. It stands here, because every look at a user wants it.
alter table users add column totp boolean not null default false;

-- Secrets are sealed with a key that is not in the database. Recovery codes are hashes of 32 bytes, one after the other.
create table second_factors (
    user_id    bigint    constraint second_factors_pkey primary key
                         constraint second_factors_user_id_fkey references users on delete cascade,
    sealed     blob,              -- null while there is only a pending one
    pending    blob,              -- given to the user and not confirmed yet
    pending_at timestamp,
    last_step  bigint    not null, -- of the last code that was taken: no code is good twice
    recovery   blob      not null
);

-- +goose Down
drop table second_factors;
alter table users drop column totp;

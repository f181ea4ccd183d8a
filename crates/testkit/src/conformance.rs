//! One suite per port, for every adapter of it.
//!
//! Each rule is a function of its own; the macros make a test of each, so that a broken rule is named by its test.

pub mod accounts;
pub mod admin_keys;
pub mod blobs;
pub mod customers;
pub mod data;
pub mod deliveries;
pub mod engines;
pub mod enqueue;
pub mod idempotency;
pub mod jobs;
pub mod masks;
pub mod outfits;
pub mod oversight;
pub mod products;
pub mod progress;
pub mod retention;
pub mod watermarks;
pub mod webhooks;

/// Makes a test of every rule for the data ports.
///
/// `$open` names an `async fn(max_waiting: u64) -> (DataPorts, Guard)` that opens a fresh database with three attempts
/// per job and room for this many waiting ones; the guard is dropped after the test.
#[macro_export]
macro_rules! data_port_tests {
    ($open:path) => {
        $crate::data_port_tests!(@each $open, accounts, 10_000:
            a_new_account_has_its_key_and_credits
            unknown_accounts_are_not_found
            a_taken_name_is_a_validation_error
            settings_change_one_by_one
            an_account_may_begin_without_credits
            accounts_are_listed_newest_first
            keys_can_be_added_and_revoked
            a_disabled_account_has_no_working_keys
            the_balance_never_goes_below_zero
            parallel_takings_never_overdraw
            ledger_totals_count_each_entry_once
            writes_are_counted
            images_come_back_as_stored
            the_first_signing_secret_stays
        );
        $crate::data_port_tests!(@each $open, admin_keys, 10_000:
            admin_keys_work_until_they_are_revoked
            admin_keys_and_account_keys_are_apart
        );
        $crate::data_port_tests!(@each $open, customers, 10_000:
            an_erased_customer_leaves_only_files_to_delete
            unfinished_generations_of_an_erased_customer_are_cancelled
            pictures_without_a_name_go_with_their_customer
            results_of_a_customers_picture_go_with_it
            only_the_named_customer_is_erased
            erased_files_come_in_portions
            try_ons_come_before_or_after_an_erasure
        );
        $crate::data_port_tests!(@each $open, oversight, 10_000:
            accounts_are_searched
            ledger_pages_stay_right
            generations_are_searched_by_every_field
            searches_are_cut_by_time
            search_pages_stay_right
            a_generation_is_shown_with_its_attempts
            usage_is_what_the_ledger_says
        );
        $crate::data_port_tests!(@each $open, products, 10_000:
            a_product_comes_back_as_stored
            an_upsert_changes_only_what_it_names
            a_product_needs_a_picture
            external_ids_are_told_apart
            an_expired_product_is_missing
            a_deleted_product_is_missing
            product_pages_stay_right
            unfetched_pictures_are_leased
            only_missing_pictures_are_offered
            replaced_pictures_are_not_kept
        );
        $crate::data_port_tests!(@each $open, enqueue, 10_000:
            an_accepted_try_on_is_queued
            an_inline_product_and_a_snapshot_are_stored
            a_one_shot_product_can_be_used_again
            the_title_mock_chooses_the_mock_engine
            only_own_living_uploads_can_be_named
            only_own_living_products_can_be_named
            refusals_come_in_order_and_leave_nothing
            a_check_writes_nothing
            the_last_credit_is_spent_once
            parallel_accounts_do_not_mix
            callers_may_go_away
        );
        $crate::data_port_tests!(@each $open, jobs, 10_000:
            jobs_are_claimed_oldest_first
            parallel_workers_get_different_jobs
            a_completed_job_captures_its_credit
            a_failed_job_releases_its_credit
            a_job_ends_once
            a_lost_lease_changes_nothing
            a_heartbeat_keeps_the_lease
            the_reaper_gives_up_in_the_end
            a_retried_job_comes_back
            a_delayed_job_is_not_due
            a_job_put_back_is_unharmed
            a_job_can_be_cancelled
            a_job_outlives_its_product
            the_lag_is_that_of_the_most_overdue_job
            waiting_ends_with_new_work
            waiting_ends_in_time
            generation_pages_stay_right
            watchers_hear_of_every_change
            waiting_jobs_have_a_place
        );
        $crate::data_port_tests!(@each $open, masks, 10_000:
            a_mask_lives_as_long_as_its_result
            the_masks_of_an_erased_customer_go
        );
        $crate::data_port_tests!(@each $open, progress, 10_000:
            progress_lasts_as_long_as_the_attempt
            jobs_of_busy_engines_are_passed_over
        );
        $crate::data_port_tests!(@each $open, outfits, 10_000:
            an_outfit_costs_a_credit_per_product
            a_failed_outfit_gives_every_credit_back
            an_outfit_is_accepted_whole_or_not_at_all
            credits_of_outfits_are_counted
            an_outfit_keeps_the_pictures_of_all_its_products
            a_product_titled_mock_chooses_the_engine_of_an_outfit
            outfits_are_found_by_each_of_their_products
        );
        $crate::data_port_tests!(@each $open, idempotency, 10_000:
            a_key_is_taken_once
            a_queued_try_on_stands_on_its_key
            only_the_holder_may_queue
            a_refused_request_gives_its_key_back
            an_answer_is_given_again
            keys_end_after_a_day
        );
        $crate::data_port_tests!(@each $open, retention, 10_000:
            person_pictures_end_with_their_retention
            pictures_in_use_are_spared
            results_end_but_their_generations_stay
            product_pictures_end_with_their_product
            a_name_taken_again_keeps_its_new_picture
            expired_blobs_come_in_portions
            keys_without_a_row_are_unknown
            held_keys_are_listed_in_order
        );
        $crate::data_port_tests!(@each $open, watermarks, 10_000:
            a_watermark_comes_back_as_set
            a_watermark_belongs_to_one_account
            a_cleared_watermark_is_gone
        );
        $crate::data_port_tests!(@each $open, webhooks, 10_000:
            endpoints_come_back_as_stored
            an_account_has_ten_endpoints_at_most
            every_end_of_a_generation_is_told_once
            every_way_to_fail_is_told
            only_those_who_want_it_are_told
            try_ons_of_an_erased_customer_are_told_as_failed
            few_credits_are_told_when_the_balance_falls_to_the_threshold
            refused_try_ons_tell_nothing
            an_endpoint_can_be_tried_out
            an_endpoint_that_is_gone_is_switched_off
            an_old_secret_signs_for_a_while
            a_deleted_endpoint_leaves_nothing
        );
        $crate::data_port_tests!(@each $open, deliveries, 10_000:
            a_message_is_sent_by_one
            a_failed_attempt_comes_again_when_due
            a_lost_lease_sends_again_and_changes_nothing
            one_endpoint_takes_two_at_a_time
            a_message_can_be_replayed
            old_messages_are_swept_in_portions
            message_pages_stay_right
            waiting_for_messages_ends_with_a_new_one
        );
        $crate::data_port_tests!(@each $open, enqueue, 2: a_full_queue_refuses);
    };
    (@each $open:path, $suite:ident, $max_waiting:literal: $($rule:ident)+) => { $(
        #[tokio::test]
        async fn $rule() {
            let (data, guard) = $open($max_waiting).await;
            $crate::conformance::$suite::$rule(&data).await;
            drop((data, guard));
        }
    )+ };
}

/// Makes a test of every rule for picture stores.
///
/// `$open` names a `fn() -> (Arc<dyn Blobs>, Guard)` that opens an empty store; the guard is dropped after the test.
#[macro_export]
macro_rules! blob_tests {
    ($open:path) => {
        $crate::blob_tests!(@each $open:
            blobs_come_back_as_written
            blobs_can_be_deleted
            blobs_are_listed_in_order
            the_probe_leaves_no_blob
        );

        #[tokio::test]
        async fn writes_are_all_or_nothing() {
            let (blobs, guard) = $open();
            $crate::conformance::blobs::writes_are_all_or_nothing(blobs).await;
            drop(guard);
        }
    };
    (@each $open:path: $($rule:ident)+) => { $(
        #[tokio::test]
        async fn $rule() {
            let (blobs, guard) = $open();
            $crate::conformance::blobs::$rule(blobs.as_ref()).await;
            drop(guard);
        }
    )+ };
}

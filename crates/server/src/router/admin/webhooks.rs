//! The routes of webhooks.

use crate::{
    api::admin::{
        create_webhook, delete_webhook, get_webhook, get_webhook_delivery, list_webhook_deliveries,
        list_webhooks, replay_webhook_delivery, rotate_webhook_secret, send_test_webhook,
        update_webhook,
    },
    router::Routes,
};

const WEBHOOKS: &str = "/admin/v1/accounts/{accountId}/webhooks";
const WEBHOOK: &str = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}";
const SECRET: &str = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/rotate-secret";
const TEST: &str = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/test";
const DELIVERIES: &str = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/deliveries";
const DELIVERY: &str =
    "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/deliveries/{deliveryId}";
const REPLAY: &str =
    "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/deliveries/{deliveryId}/replay";

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .post(
            WEBHOOKS,
            create_webhook::create_webhook,
            create_webhook::ERRORS,
        )
        .get(
            WEBHOOKS,
            list_webhooks::list_webhooks,
            list_webhooks::ERRORS,
        )
        .get(WEBHOOK, get_webhook::get_webhook, get_webhook::ERRORS)
        .patch(
            WEBHOOK,
            update_webhook::update_webhook,
            update_webhook::ERRORS,
        )
        .delete(
            WEBHOOK,
            delete_webhook::delete_webhook,
            delete_webhook::ERRORS,
        )
        .post(
            SECRET,
            rotate_webhook_secret::rotate_webhook_secret,
            rotate_webhook_secret::ERRORS,
        )
        .post(
            TEST,
            send_test_webhook::send_test_webhook,
            send_test_webhook::ERRORS,
        )
        .get(
            DELIVERIES,
            list_webhook_deliveries::list_webhook_deliveries,
            list_webhook_deliveries::ERRORS,
        )
        .get(
            DELIVERY,
            get_webhook_delivery::get_webhook_delivery,
            get_webhook_delivery::ERRORS,
        )
        .post(
            REPLAY,
            replay_webhook_delivery::replay_webhook_delivery,
            replay_webhook_delivery::ERRORS,
        )
}

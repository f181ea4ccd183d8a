"""The checks; each is a function that raises when the server does not keep the contract."""

import concurrent.futures
import itertools
import json
import re
import threading
import time

from client import Client, jpeg_segments, jpeg_size, png

V1 = "/tryon/v1"
_names = itertools.count(1)


class World:
    """A fresh account on the server, and pictures."""

    def __init__(self, server, web, old_share, seed):
        self.server, self.web, self.old_share, self.seed = server, web, old_share, seed
        self.shirt_url = web.put("/shirt.png", png(60, 80, 1))
        self.person_url = web.put("/person.png", png(80, 100, 2))
        self.client = self.new_client()

    def new_client(self, **account):
        made = self.server.account(f"shop {next(_names)}", **account)
        client = Client(self.server.base, made["apiKey"], self.old_share, self.seed)
        client.account = made["accountId"]
        return client

    def upload(self, client=None, seed=3, **fields):
        return expect((client or self.client).form(V1 + "/images/upload", fields, [("file", "a.png", png(80, 100, seed))]), 201).json["imageId"]

    def mock_body(self, person=None, **more):
        product = {"externalId": f"mock-{next(_names)}", "title": "mock", "images": [{"source": {"url": self.shirt_url}}]}
        source = person or {"url": self.person_url}
        return {"products": [product], "person": {"image": {"source": source}}, **more}

    def finish(self, generation, client=None):
        """Polls until the end."""
        for _ in range(600):
            seen = expect((client or self.client).get(f"{V1}/generations/{generation}"), 200).json
            if seen["status"] in ("COMPLETED", "FAILED"):
                return seen
            assert seen["status"] in ("PENDING", "PROCESSING"), seen
            time.sleep(0.02)
        raise AssertionError("the generation does not end")

    def credits(self, client=None):
        return expect((client or self.client).get(V1 + "/account/credits"), 200).json["creditBalance"]


def expect(answer, status, code=None):
    """Checks the status, and the shape of errors."""
    assert answer.status == status, f"expected {status}, got {answer}"
    assert answer.headers.get("x-request-id"), "no x-request-id"
    if status >= 400:
        body = answer.json
        assert set(body) <= {"code", "message", "status", "details", "requestId", "generationId"}, body
        assert body["status"] == status and isinstance(body["message"], str) and body["message"], body
        assert body["requestId"] == answer.headers["x-request-id"], body
        if code:
            assert body["code"] == code, body
        if body["code"] == "VALIDATION_FAILED":
            assert all(set(d) == {"path", "message"} for d in body["details"]), body
        if status in (429, 503):
            assert int(answer.headers["retry-after"]) >= 1
    return answer


def paths(answer):
    return {detail["path"] for detail in answer.json["details"]}


def keys_open_the_api(w):
    c = w.client
    expect(c.get(V1 + "/products", key=None), 401, "MISSING_API_KEY")
    for key in ("gk_wrong", "x", "gk_" + "A" * 43, w.client.key[:-1] + ("A" if w.client.key[-1] != "A" else "B")):
        expect(c.get(V1 + "/products", key=key), 401, "INVALID_API_KEY")
    assert re.fullmatch(r"gk_[A-Za-z0-9_-]{43}", c.key)
    answer = expect(c.get(V1 + "/account/credits", headers={"x-request-id": "my-1"}), 200)
    assert answer.headers["x-request-id"] == "my-1"
    assert not any(h.startswith("access-control") for h in answer.headers)
    assert "ratelimit" in answer.headers and "ratelimit-policy" in answer.headers


def errors_have_one_shape(w):
    c = w.client
    expect(c.get("/nowhere"), 404, "NOT_FOUND")
    expect(c.get(V1 + "/nowhere"), 404, "NOT_FOUND")
    answer = expect(c.send("PATCH", V1 + "/products"), 405, "METHOD_NOT_ALLOWED")
    assert "GET" in answer.headers["allow"]
    json_type = {"content-type": "application/json"}
    for route in ("/try-on", "/try-on/sync", "/products"):
        expect(c.send("POST", V1 + route, b"{broken", json_type), 400, "VALIDATION_FAILED")
        expect(c.send("POST", V1 + route, b"{}", {"content-type": "text/plain"}), 415, "UNSUPPORTED_MEDIA_TYPE")
        expect(c.send("POST", V1 + route, b" " * 1_100_000, json_type), 413, "PAYLOAD_TOO_LARGE")
        expect(c.send("POST", V1 + route, b"[]", json_type), 400, "VALIDATION_FAILED")
    expect(c.form(V1 + "/images/upload", files=[("file", "a.jpg", b"x" * 11_200_000)]), 413, "PAYLOAD_TOO_LARGE")


def uploads_are_checked_and_cropped(w):
    c = w.client
    answer = expect(c.form(V1 + "/images/upload", {"externalUserId": "u"}, [("file", "a.txt", png(400, 300))]), 201).json
    assert set(answer) >= {"imageId", "imageUrl"} and len(answer["imageId"]) <= 200
    picture = expect(c.get(answer["imageUrl"], key=None), 200)
    width, height = jpeg_size(picture.body)
    assert width * 5 == height * 4, (width, height)
    whole = expect(c.form(V1 + "/images/upload", {"crop": "false"}, [("file", "a.png", png(400, 300))]), 201).json
    assert jpeg_size(c.get(whole["imageUrl"], key=None).body) == (400, 300)
    expect(c.get(answer["imageUrl"][:-2] + "zz", key=None), 403)
    for fields in ({"customerId": "u", "retentionDays": "3"}, {"keepForDays": "1"}):
        w.upload(**fields)
    upload = lambda files, **fields: c.form(V1 + "/images/upload", fields, files)
    expect(upload([]), 400, "FILE_REQUIRED")
    expect(upload([("file", "a", png(80, 100))], keepForDays="2"), 400, "VALIDATION_FAILED")
    expect(upload([("file", "a", png(80, 100))], crop="maybe"), 400, "VALIDATION_FAILED")
    expect(upload([("file", "a", b"")]), 400, "INVALID_IMAGE")
    expect(upload([("file", "a", b"hello world" * 50)]), 400, "INVALID_IMAGE")
    expect(upload([("file", "a", png(80, 100)[:-200])]), 400, "INVALID_IMAGE")
    expect(upload([("file", "a", b"GIF89a" + b"\0" * 400)]), 415, "UNSUPPORTED_IMAGE_FORMAT")


def a_mock_try_on_completes(w):
    c = w.client
    before = w.credits()
    image = w.upload()
    answer = expect(c.try_on(w.mock_body({"id": image})), 202).json
    assert set(answer) == {"generationId", "status", "productExternalId"} and answer["status"] == "PENDING"
    assert w.credits() == before - 1
    seen = w.finish(answer["generationId"])
    assert seen["status"] == "COMPLETED" and seen["productExternalId"] == answer["productExternalId"], seen
    for key in ("createdAt", "updatedAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", seen[key])
    result = expect(c.get(seen["resultImageUrl"], key=None), 200)
    assert result.headers["content-type"] == "image/jpeg" and jpeg_size(result.body) == (80, 100)
    assert w.credits() == before - 1


def the_synchronous_call_answers_with_the_picture(w):
    c = w.client
    answer = expect(c.try_on(w.mock_body(), sync=True), 200).json
    assert set(answer) >= {"generationId", "status", "productExternalId", "resultImageUrl"} and answer["status"] == "COMPLETED"
    assert jpeg_size(expect(c.get(answer["resultImageUrl"], key=None), 200).body) == (80, 100)
    before = w.credits()
    body = w.mock_body()
    body["products"][0]["images"][0]["source"]["url"] = w.web.base + "/missing.png"
    body["products"][0]["title"] = "shirt"
    failed = expect(c.try_on(body, sync=True), 422, "PRODUCT_IMAGE_FETCH_FAILED").json
    assert failed["generationId"].startswith("gen_") and w.credits() == before
    seen = w.finish(failed["generationId"])
    assert seen["status"] == "FAILED" and seen["errorCode"] == "PRODUCT_IMAGE_FETCH_FAILED" and seen["errorMessage"]
    body = w.mock_body()
    body["products"][0]["title"] = "a shirt"
    failed = expect(c.try_on(body, sync=True), 422).json
    assert failed["code"] in ("NO_PERSON_FOUND", "GARMENT_NOT_USABLE"), failed
    assert w.credits() == before


def persons_come_three_ways(w):
    c = w.client
    w.finish(expect(c.try_on(w.mock_body({"url": w.person_url})), 202).json["generationId"])
    answer = expect(c.try_on(w.mock_body({"fileKey": "me"}), files=[("me", "me.png", png(300, 300))]), 202).json
    seen = w.finish(answer["generationId"])
    width, height = jpeg_size(c.get(seen["resultImageUrl"], key=None).body)
    assert width * 5 == height * 4
    again = expect(c.try_on(w.mock_body({"url": seen["resultImageUrl"]})), 202).json
    assert w.finish(again["generationId"])["status"] == "COMPLETED", "the server's own link"
    expect(c.try_on(w.mock_body({"fileKey": "nobody"}), files=[("me", "a", png(80, 100))]), 400, "MULTIPART_FILE_NOT_FOUND")
    expect(c.try_on(w.mock_body({"url": w.web.base + "/missing"})), 400, "CUSTOMER_IMAGE_FETCH_FAILED")
    expect(c.try_on(w.mock_body({"url": "http://10.0.0.1/a.png"})), 400, "CUSTOMER_IMAGE_FETCH_FAILED")
    expect(c.try_on(w.mock_body({"id": "img_00000000000000000000000000000000"})), 404, "IMAGE_NOT_FOUND")
    other = w.new_client()
    expect(other.try_on(w.mock_body({"id": w.upload()})), 403, "FORBIDDEN")
    body = w.mock_body()
    del body["person"]
    expect(c.try_on(body), 400, "CUSTOMER_IMAGE_REQUIRED")
    body = w.mock_body()
    body["person"]["image"]["source"] = {"id": "a", "url": "b"}
    expect(c.try_on(body), 400, "VALIDATION_FAILED")


def outfits_are_worn_at_once(w):
    c, image = w.client, w.upload()
    person = {"person": {"image": {"source": {"id": image}}}}

    def product(category):
        picture = {"source": {"url": w.shirt_url}, "classifications": {"category": category}}
        return {"title": "mock", "images": [picture]}

    def post(*categories):
        return c.post(V1 + "/try-on", {"products": [product(category) for category in categories], **person})

    before = w.credits()
    for refused in [("top", "top"), ("dress", "bottom"), ("top", "bottom", "outerwear", "shoes")]:
        expect(post(*refused), 400, "VALIDATION_FAILED")
    assert w.credits() == before, "nothing is charged for what is refused"
    answer = expect(post("bottom", "top"), 202).json
    assert answer["productExternalIds"][0] == answer["productExternalId"] and len(answer["productExternalIds"]) == 2
    assert before - w.credits() == 2, "a credit per product"


def products_come_three_ways(w):
    c, image = w.client, w.upload()
    person = {"person": {"image": {"source": {"id": image}}}}
    expect(c.try_on({"products": [{"externalId": "unknown"}], **person}), 404, "PRODUCT_NOT_FOUND")
    inline = {"externalId": "p1", "title": "mock", "description": "d", "images": [{"source": {"url": w.shirt_url}}]}
    expect(c.try_on({"products": [inline], **person}), 202)
    expect(c.try_on({"products": [{"externalId": "p1"}], **person}), 202)
    one_shot = {"title": "mock", "images": [{"source": {"url": w.shirt_url}}]}
    answer = expect(c.try_on({"products": [one_shot], **person}), 202).json
    made = answer["productExternalId"]
    assert made.startswith("_anon_")
    expect(c.get(f"{V1}/products/{made}"), 200)
    expect(c.try_on({"products": [{"externalId": made}], **person}), 202)
    listed = {p["externalId"] for p in c.get(V1 + "/products").json["items"]}
    assert "p1" in listed and made not in listed
    expect(c.try_on({"products": [{"title": "no picture"}], **person}), 400, "PRODUCT_IMAGES_REQUIRED")
    expect(c.try_on({"products": [{"externalId": "_anon_x", "title": "a", "images": [{"source": {"url": w.shirt_url}}]}], **person}), 400, "VALIDATION_FAILED")
    expect(c.try_on({"products": [{**one_shot, "images": [{"source": {}}]}], **person}), 400, "INVALID_IMAGE_INPUT")
    expect(c.post(V1 + "/try-on", {"products": [], **person}), 400)
    bad = expect(c.post(V1 + "/try-on", {"product": {"externalId": 5, "title": 6, "images": [{"url": 7}]}, "customer": {"id": image}}), 400, "VALIDATION_FAILED")
    assert {"product.externalId", "product.title", "product.images.0.url"} <= paths(bad), bad
    alpha = expect(c.post(V1 + "/try-on", {"productId": "a", "customerImageId": "b"}), 400, "VALIDATION_FAILED")
    assert "/docs/migrating-from-alpha" in alpha.json["message"]
    expect(c.get("/docs/migrating-from-alpha", key=None), 200)


def the_product_object_is_whole(w):
    c = w.client
    body = {"externalId": "a b/ü", "title": "T", "metadata": {"k": [1]}, "validForDays": 3, "images": [{"url": w.shirt_url, "classifications": {"category": "top"}}]}
    made = expect(c.post(V1 + "/products", body), 201).json
    keys = {"externalId", "title", "description", "metadata", "validForDays", "expiresAt", "lastUsedAt", "createdAt", "updatedAt", "images"}
    assert keys <= set(made), made
    assert made["description"] is None and made["lastUsedAt"] is None and made["expiresAt"]
    assert set(made["images"][0]) >= {"sourceUrl", "order", "classifications"} and made["images"][0]["classifications"]["category"] == "top"
    updated = expect(c.post(V1 + "/products", {"externalId": "a b/ü", "description": "D", "validForDays": None}), 200).json
    assert updated["title"] == "T" and updated["description"] == "D" and updated["expiresAt"] is None and len(updated["images"]) == 1
    assert expect(c.get(V1 + "/products/a%20b%2F%C3%BC"), 200).json["description"] == "D"
    sent = expect(c.form(V1 + "/products", {"data": json.dumps({"externalId": "f", "images": [{"fileKey": "x"}]})}, [("x", "x.png", png(60, 60))]), 201).json
    assert sent["images"][0]["sourceUrl"].startswith("upload://")
    expect(c.post(V1 + "/products", {"title": "a"}), 400, "EXTERNAL_ID_REQUIRED")
    expect(c.post(V1 + "/products", {"externalId": "n"}), 400, "PRODUCT_IMAGES_REQUIRED")
    for wrong in ({"validForDays": 0}, {"validForDays": 366}, {"title": "x" * 501}, {"description": "x" * 5001}, {"metadata": {"a": "x" * 17_000}}):
        expect(c.post(V1 + "/products", {"externalId": "n", "images": [{"url": w.shirt_url}], **wrong}), 400, "VALIDATION_FAILED")
    expect(c.delete(V1 + "/products/f"), 204)
    expect(c.get(V1 + "/products/f"), 404, "PRODUCT_NOT_FOUND")
    expect(c.delete(V1 + "/products/f"), 404, "PRODUCT_NOT_FOUND")


def pages_stay_right(w):
    c = w.client
    for n in range(7):
        expect(c.post(V1 + "/products", {"externalId": f"p{n}", "images": [{"url": w.shirt_url}]}), 201)
    seen, cursor = [], ""
    while True:
        page = expect(c.get(f"{V1}/products?limit=3{cursor}"), 200).json
        assert page["count"] == len(page["items"]) and page["hasMore"] == (page["nextCursor"] is not None)
        seen += [p["externalId"] for p in page["items"]]
        expect(c.post(V1 + "/products", {"externalId": f"late{len(seen)}", "images": [{"url": w.shirt_url}]}), 201)
        if not page["hasMore"]:
            break
        cursor = "&cursor=" + page["nextCursor"]
    assert seen == [f"p{n}" for n in range(6, -1, -1)], seen
    for query in ("limit=0", "limit=201", "limit=x", "cursor=nonsense"):
        for route in ("products", "generations"):
            expect(c.get(f"{V1}/{route}?{query}"), 400, "VALIDATION_FAILED")
    w.finish(expect(c.try_on(w.mock_body()), 202).json["generationId"])
    item = c.get(V1 + "/generations").json["items"][0]
    assert {"id", "status", "productDescription", "productId", "generationTimeMs", "createdAt", "updatedAt"} <= set(item)


def accounts_are_apart(w):
    c, other = w.client, w.new_client()
    generation = expect(c.try_on(w.mock_body()), 202).json["generationId"]
    expect(other.get(f"{V1}/generations/{generation}"), 403, "FORBIDDEN")
    expect(other.get(f"{V1}/generations/{generation}/events"), 403, "FORBIDDEN")
    expect(c.get(f"{V1}/generations/gen_00000000000000000000000000000000"), 404, "GENERATION_NOT_FOUND")
    expect(c.get(f"{V1}/generations/x"), 404, "GENERATION_NOT_FOUND")
    expect(c.post(V1 + "/products", {"externalId": "mine", "images": [{"url": w.shirt_url}]}), 201)
    expect(other.get(V1 + "/products/mine"), 404, "PRODUCT_NOT_FOUND")
    assert other.get(V1 + "/generations").json["items"] == []


def credits_never_go_below_zero(w):
    c = w.new_client(credits=3)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: c.try_on(w.mock_body()), range(12)))
    assert sorted(a.status for a in answers) == [202] * 3 + [402] * 9, answers
    expect(next(a for a in answers if a.status == 402), 402, "INSUFFICIENT_CREDITS")
    assert w.credits(c) == 0


def one_hundred_of_two_hundred_pass(w):
    c = w.new_client(rate_limit=100)
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda n: c.get(V1 + "/account/credits"), range(200)))
    assert sum(a.status == 200 for a in answers) == 100, [a.status for a in answers]
    expect(next(a for a in answers if a.status == 429), 429, "RATE_LIMITED")
    expect(c.get(f"{V1}/generations/x"), 404)


def a_key_charges_once(w):
    c = w.client
    before, body = w.credits(), w.mock_body()
    send = lambda body, key="k1", sync=False: c.post(V1 + "/try-on" + ("/sync" if sync else ""), body, headers={"idempotency-key": key})
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda n: send(body), range(50)))
    good = [a for a in answers if a.status == 202]
    for answer in answers:
        if answer.status != 202:
            expect(answer, 409, "IDEMPOTENCY_KEY_IN_USE")
            assert int(answer.headers["retry-after"]) >= 1
    assert good and len({a.body for a in good}) == 1 and w.credits() == before - 1, answers
    assert send(body).body == good[0].body
    expect(send(w.mock_body()), 409, "IDEMPOTENCY_KEY_REUSED")
    expect(send(body, sync=True), 409, "IDEMPOTENCY_KEY_REUSED")
    first = expect(send(body, "k2", sync=True), 200).json
    second = expect(send(body, "k2", sync=True), 200).json
    assert first["generationId"] == second["generationId"] and w.credits() == before - 2
    poor = w.new_client(credits=0)
    refused = poor.post(V1 + "/try-on", body, headers={"idempotency-key": "k"})
    expect(refused, 402, "INSUFFICIENT_CREDITS")
    w.server.cli("credits", "grant", poor.account, "1")
    expect(poor.post(V1 + "/try-on", body, headers={"idempotency-key": "k"}), 202)
    product = {"externalId": "idem", "images": [{"url": w.shirt_url}]}
    post = lambda product: c.post(V1 + "/products", product, headers={"idempotency-key": "k3"})
    assert expect(post(product), 201).json == expect(post(product), 201).json
    expect(post({**product, "title": "x"}), 409, "IDEMPOTENCY_KEY_REUSED")


def events_tell_the_end(w):
    c = w.client
    generation = expect(c.try_on(w.mock_body()), 202).json["generationId"]
    answer = expect(c.get(f"{V1}/generations/{generation}/events"), 200)
    assert answer.headers["content-type"].startswith("text/event-stream")
    text = answer.body.decode()
    assert "event: completed" in text, text
    data = json.loads(re.findall(r"event: completed\ndata: (.*)", text)[0])
    assert data["generationId"] == generation and data["status"] == "COMPLETED"


def a_customer_is_erased(w):
    c, user = w.client, "ann@shop / ü"
    quoted = "ann%40shop%20%2F%20%C3%BC"
    image = w.upload(externalUserId=user)
    done = [w.finish(expect(c.try_on(w.mock_body({"id": image}, externalUserId=user)), 202).json["generationId"])]
    done.append(w.finish(expect(c.try_on(w.mock_body(externalUserId=user)), 202).json["generationId"]))
    kept = w.finish(expect(c.try_on(w.mock_body(externalUserId="bob")), 202).json["generationId"])
    links = [seen["resultImageUrl"] for seen in done]
    expect(c.delete(f"{V1}/customers/{quoted}"), 204)
    for link, seen in zip(links, done):
        assert c.get(link, key=None).status in (403, 404), "a result is still there"
        again = expect(c.get(f"{V1}/generations/{seen['generationId']}"), 200).json
        assert again["resultImageUrl"] is None and again["resultExpired"] is True, again
    expect(c.try_on(w.mock_body({"id": image})), 404, "IMAGE_NOT_FOUND")
    expect(c.get(kept["resultImageUrl"], key=None), 200)
    expect(c.delete(f"{V1}/customers/{quoted}"), 204)
    expect(c.delete(f"{V1}/customers/nobody"), 204)
    assert w.server.cli("doctor", "--orphans", ok=False).returncode == 0


def results_say_how_they_were_made(w):
    c = w.client
    seen = expect(c.try_on(w.mock_body(), sync=True), 200).json
    data = expect(c.get(seen["resultImageUrl"], key=None), 200).body
    segments = list(jpeg_segments(data))
    assert any(marker == 0xEB and b"c2pa" in payload for marker, payload in segments), "no C2PA manifest"
    path = w.server.folder.name + "/result.jpg"
    open(path, "wb").write(data)
    assert "mock" in w.server.cli("provenance", "verify", path).stdout
    spoiled = bytearray(data)
    spoiled[-100] ^= 1
    open(path, "wb").write(spoiled)
    assert w.server.cli("provenance", "verify", path, ok=False).returncode != 0


def a_logo_goes_onto_results(w):
    c = w.client
    person = {"fileKey": "me"}
    ask = lambda **more: expect(c.get(expect(c.try_on(w.mock_body(person, **more), files=[("me", "a", png(400, 500, 2))], sync=True), 200).json["resultImageUrl"], key=None), 200).body
    plain = ask()
    logo = w.server.folder.name + "/logo.png"
    open(logo, "wb").write(png(60, 30, 9))
    w.server.cli("account", "watermark", "set", c.account, "--logo", logo)
    # The signature before the scan may hold the scan's mark by chance, so the segments are walked.
    scan = lambda data: data[2 + sum(4 + len(payload) for _, payload in jpeg_segments(data)):]
    assert scan(ask()) != scan(plain), "no logo"
    assert scan(ask(output={"watermark": False})) == scan(plain), "a logo that nobody wanted"
    w.server.cli("account", "watermark", "clear", c.account)
    assert scan(ask()) == scan(plain)
    assert scan(ask(output={"aiLabel": True})) != scan(plain), "no label"


def webhooks_are_signed(w):
    import base64, hashlib, hmac

    c = w.client
    made = json.loads(w.server.cli("webhook", "add", c.account, w.web.base + "/hook", "--json").stdout)
    w.web.posts.clear()
    w.web.answers[:] = []
    generation = expect(c.try_on(w.mock_body(), sync=True), 200).json["generationId"]
    for _ in range(200):
        if w.web.posts:
            break
        time.sleep(0.05)
    path, headers, body = w.web.posts[0]
    message = json.loads(body)
    assert message["type"] == "generation.completed" and message["data"]["generationId"] == generation, message
    secret = base64.b64decode(made["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert expected in headers["webhook-signature"].split(" "), headers


def the_documentation_is_served(w):
    c = Client(w.server.base, None)
    for page in ("", "/quickstart", "/errors", "/watermark", "/changelog", "/migrating-from-alpha", "/full-example"):
        html = expect(c.get("/docs" + page), 200)
        assert html.headers["content-type"].startswith("text/html"), page
    index = expect(c.get("/docs/llms.txt"), 200).body.decode()
    for link in re.findall(r"\((?:https?://[^/)]+)?(/docs/[^)]+\.md)\)", index):
        assert len(expect(c.get(link), 200).body) > 100, link
    full = expect(c.get("/docs/llms-full.txt"), 200).body.decode()
    document = expect(c.get("/openapi.json"), 200).json
    assert document["openapi"].startswith("3.1")
    for code in ("PRODUCT_NOT_FOUND", "IDEMPOTENCY_KEY_REUSED", "RATE_LIMITED"):
        assert code in full, code
    for route in ("/try-on/sync", "/customers/{customerId}", "/generations/{id}/events"):
        assert V1 + route in document["paths"], route


def products_and_pictures_run_out(w):
    """Restarts the server with a shifted clock; the last check."""
    c, image = w.client, w.upload(keepForDays="7")
    person = {"person": {"image": {"source": {"id": image}}}}
    url = {"source": {"url": w.shirt_url}}
    expect(c.try_on({"products": [{"externalId": "inline", "title": "mock", "images": [url]}], **person}), 202)
    anon = expect(c.try_on({"products": [{"title": "mock", "images": [url]}], **person}), 202).json["productExternalId"]
    expect(c.post(V1 + "/products", {"externalId": "kept", "images": [{"url": w.shirt_url}]}), 201)
    expect(c.post(V1 + "/products", {"externalId": "ten", "validForDays": 10, "images": [{"url": w.shirt_url}]}), 201)
    done = w.finish(expect(c.try_on(w.mock_body({"id": image})), 202).json["generationId"])
    alive = lambda name: c.get(f"{V1}/products/{name}").status == 200
    for days, living in ((6, {"inline", anon, "kept", "ten"}), (8, {"inline", "kept", "ten"}), (11, {"inline", "kept"}), (16, {"kept"})):
        w.server.stop()
        w.server.start(f"clock.offset={days}d")
        c.base = w.server.base
        assert {name for name in ("inline", anon, "kept", "ten") if alive(name)} == living, days
        seen = expect(c.get(f"{V1}/generations/{done['generationId']}"), 200).json
        if days < 7:
            assert seen["resultImageUrl"]
        else:
            assert seen["resultImageUrl"] is None and seen["resultExpired"] is True
            expect(c.try_on(w.mock_body({"id": image})), 404, "IMAGE_NOT_FOUND")


ALL = [
    keys_open_the_api, errors_have_one_shape, uploads_are_checked_and_cropped, a_mock_try_on_completes,
    the_synchronous_call_answers_with_the_picture, persons_come_three_ways, products_come_three_ways, outfits_are_worn_at_once,
    the_product_object_is_whole, pages_stay_right, accounts_are_apart, credits_never_go_below_zero,
    one_hundred_of_two_hundred_pass, a_key_charges_once, events_tell_the_end, a_customer_is_erased,
    results_say_how_they_were_made, a_logo_goes_onto_results, webhooks_are_signed, the_documentation_is_served,
    products_and_pictures_run_out,
]

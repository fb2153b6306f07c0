INSERT INTO blamedeploy_bench
SELECT
    toDateTime(1791640800 + intDiv(n * 864000, {rows})) AS ts,
    arrayElement(['checkout', 'worker', 'search', 'mailer', 'gateway', 'billing', 'catalog', 'login'], h % 8 + 1) AS service,
    concat(service, '-', if(ts < 1792158000, '7d9f6c5b48', '68698bb967'), '-',
        arrayElement(['x2x4z', 'q8w4k', '8q2fl', 'z4r7w', 'b5c7d', 'f8g2h', 'j4k6m', 'n7p9q'], intDiv(h, 8) % 8 + 1)) AS pod,
    if(ts < 1792158000, 'v41', 'v42') AS version,
    arrayElement(['eu-1', 'eu-2', 'us-1', 'us-2', 'ap-1'], intDiv(h, 64) % 5 + 1) AS zone,
    arrayElement(['/pay', '/list', '/export', '/login', '/search', '/cart', '/order', '/report', '/me', '/feed', '/hook', '/push'],
        intDiv(h, 320) % 12 + 1) AS route,
    arrayElement(['GET', 'POST', 'PUT'], intDiv(h, 3840) % 3 + 1) AS method,
    concat('customer-', toString(intDiv(h, 11520) % 20000)) AS customer,
    toUInt32(g % 1000000) AS request_bytes,
    arrayElement(['free', 'team', 'business'], intDiv(g, 1000000) % 3 + 1) AS plan,
    toUInt16(multiIf(broken OR g % 400 = 0, 503, g % 37 = 0, 404, 200)) AS status,
    toFloat32(10 + intDiv(g, 977) % 4000 / 8 + if(status = 503, 2000, 0)) AS duration_ms,
    if(status = 503, concat('lease ', toString(g % 100000), ' lost: timeout after ', toString(g % 30), ' s'), '') AS message,
    concat(hex(h), hex(g)) AS trace_id
FROM
(
    SELECT
        number AS n, intHash64(number) AS h, intHash64(number + 1000000007) AS g,
        number * 864000 / {rows} > 517800 AND h % 8 = 1 AND intDiv(h, 320) % 12 = 2 AND g % 3 != 0 AS broken
    FROM numbers({rows})
)

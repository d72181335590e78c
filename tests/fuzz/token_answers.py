"""One answer of each route of the token venues, as they write it."""

_MINT, _POOL = b"6Mix12LiHrQFojaQEnfPUC65Qkwd6X4Y5Qg93oFbordr", b"GLnPx7tg3f1oyMW5cJioJAtQjNG4PzokEzUkQMCj2EEF"
_REFERENCE = b'{"data":{"id":"solana_%s"}}' % _MINT

TOKEN_ANSWERS = (
    b'{"data":[{"id":"solana_%s","attributes":{"name":"X / SOL","base_token_price_usd":"0.81","reserve_in_usd":"NaN",'
    b'"pool_created_at":"2026-08-27T14:29:02Z","transactions":{"h1":{"buys":1,"sells":2}},"volume_usd":{"h24":"4.5"}},'
    b'"relationships":{"base_token":%s,"quote_token":%s,"dex":{"data":{"id":"pump-fun"}}}}]}'
    % (_POOL, _REFERENCE, _REFERENCE),
    b'{"data":{"attributes":{"ohlcv_list":[[1790000060,1.0,2.0,0.5,1.5,9.0],[1790000000,1,1,1,1,0]]}}}',
    b'{"data":{"attributes":{"address":"%s","holders":{"count":3,"distribution_percentage":{"top_10":"25.5"},'
    b'"last_updated":"2026-08-27T14:29:02Z"}}}}' % _MINT,
    b'{"errors":[{"status":"401","title":"page (10)"}]}',
    b'{"status":{"error_code":429,"error_message":"Rate Limit"}}',
    b'[{"chainId":"solana","dexId":"raydium","pairAddress":"%s","baseToken":{"address":"%s","symbol":"X"},'
    b'"priceUsd":"0.5","txns":{"h1":{"buys":3,"sells":4}},"volume":{"h24":1.5},"liquidity":{"usd":6.5},'
    b'"pairCreatedAt":1791422260000}]' % (_POOL, _MINT),
    b'{"schemaVersion":"1.0.0","pairs":null}',
    b'{"success":true,"data":{"address":"%s","price":0.5,"holder":12,"lastTradeUnixTime":1754885472}}' % _MINT,
    b'{"success":true,"data":{"items":[{"unix_time":1790000000,"o":1,"h":2,"l":0.5,"c":1,"v_usd":7.5}]}}',
    b'{"success":true,"data":{"items":[{"unixTime":1790000000,"o":1,"h":2,"l":0.5,"c":1}]}}',
)

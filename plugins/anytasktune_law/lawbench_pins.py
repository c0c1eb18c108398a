"""The files of LawBench that are read, by the sha256 of their bytes at one commit."""

from __future__ import annotations

from typing import Final

COMMIT: Final = "e30981bb3ff54c41571f222e0b23e92d27375388"

SHA256: Final = {
    "data/zero_shot/2-3.json": "48a389305914b03010c7a612a36362ee723b9c3e7f42c5695122e89ad49f2e9c",
    "data/zero_shot/2-4.json": "7f9a55fa37d8bc4d1fb1306e728cc98caa0e596747d6200c77b693703d2dc260",
    "data/zero_shot/2-6.json": "7f6780eff758196790ed17c4cdd8136d85719eca7a89bd94eee6df10659e8359",
    "data/zero_shot/2-7.json": "db4b7c6a8f673131383b9840413626e18f84d221955d870766bd8a68ca8ee164",
    "data/zero_shot/3-1.json": "6ca91fff5ab6cd4fd6f46316edf0e4c6fd5bddd3ebf73ad3e7dc505e29591c1a",
    "data/zero_shot/3-3.json": "64378a7d7c3548cbe336d989f50a1301ba531ef53fc97b4dd879fda7e6fec755",
    "data/zero_shot/3-4.json": "7aa28afdfbdddb49adf09e2d3295bdf0c03a3309edbb0fad238129390d79fa49",
    "data/zero_shot/3-6.json": "17f8f78c9c279417455cd543577468acb16e88a3193b73c1f3d67240b8fe7fdf",
    "data/zero_shot/3-7.json": "21502f2cf10dc00a657bd64e9fd9173ae483973dba81126f928e783aec53337c",
    "predictions/zero_shot/GPT4/2-3.json": "5e470de034782b061b684f9000bdd61f5a640c62dce1eb631cc6796a8801637d",
    "predictions/zero_shot/GPT4/2-4.json": "e918d4db41a6bb2475cc0c8c07974aed1de90b058aba8222e7f9bdc5f8f31e86",
    "predictions/zero_shot/GPT4/2-6.json": "3ae538b03ef6025111b14938365698193e4ecfb0f3c120375b3c80dfe6928afa",
    "predictions/zero_shot/GPT4/2-7.json": "de70b80d1bdc3cbe8f1b9fd4fdbb437205efa317ccb70eaa33a59a0c3ac4eb1b",
    "predictions/zero_shot/GPT4/3-1.json": "35a3985ce82d9df804e5c7b24ebe7ae9c0020efafa90845ec82f22528684e9fa",
    "predictions/zero_shot/GPT4/3-3.json": "2570ca7a2dbd897662a8f6d696547d32a029a7b17613e62ac2876b38e6dbd1d3",
    "predictions/zero_shot/GPT4/3-4.json": "aa21a9adc164054f046cd414e9bad34e634f5edf53eeae3828efe2759d0eb034",
    "predictions/zero_shot/GPT4/3-6.json": "3d78b2ff10dea8e5578c60c199b11cd4701ce32295a9e6e2917284e5a348b36e",
    "predictions/zero_shot/GPT4/3-7.json": "dadf4fa1b62a069538da3f3fa559ffd15ad3efa4ad29901d636c66330b0d8c97",
    "predictions/zero_shot/qwen-7b-chat-hf/2-3.json": (
        "143015e106ab8f7bd06af880d2f7cb942d56d881ffc8dd49f934dd04d34ce711"
    ),
    "predictions/zero_shot/qwen-7b-chat-hf/2-4.json": (
        "0b7f683ebfe1176b1336d79dd6f1f9d8990e30b00fa8989a44ce99d060dabe74"
    ),
    "predictions/zero_shot/qwen-7b-chat-hf/2-6.json": (
        "512cc72e7f34f128fc60e59876609dcfa89303b186a7bf0fb053465cc4443420"
    ),
    "predictions/zero_shot/qwen-7b-chat-hf/2-7.json": (
        "51330a7d4a6d57af6b8284ebe15bd34cc8bdde32c5e47e34a06ba0fc8275a7f9"
    ),
    "predictions/zero_shot/qwen-7b-chat-hf/3-1.json": (
        "d9aabef26c30ddb62eea51a1fdbcacb329747216d9a6d5727373664cbc257655"
    ),
    "predictions/zero_shot/qwen-7b-chat-hf/3-3.json": (
        "9f67a43571d584bcf93078bfb51563da145ae42590d119dd68a0f4eef5714919"
    ),
    "predictions/zero_shot/qwen-7b-chat-hf/3-4.json": (
        "f1429f7624a630ccaa28379e9e9a699eb685a5ac6be2a3e70ef185d04e3ec8cd"
    ),
    "predictions/zero_shot/qwen-7b-chat-hf/3-6.json": (
        "4e12ab2561e05f1bde16ce95efe708166e2898ec9902172017ea66d165fc74c3"
    ),
    "predictions/zero_shot/qwen-7b-chat-hf/3-7.json": (
        "1ea42b48fc1d532431198aff8dd32b8bd9f5be635df0e91a7f3d527fd09de694"
    ),
    "predictions/zero_shot/results.csv": "6aea6771312d81cef0d32f997df1846556472f1e18c4ad0d1bd400e40c5a2cf6",
}

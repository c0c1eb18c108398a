"""LegalBench's files of CUAD clause types: one file a type, by the sha256 of its bytes at one commit."""

from __future__ import annotations

from typing import Final

COMMIT: Final = "49bf0a88b2f9cd6fffc0d73ee27a92e971cc0bcf"

SHA256: Final = {
    "Affiliate License-Licensee": "6e9a95fc14998fbb37fd1c1b77bda62a640902bbf80fa674176f21fc6f2d9ceb",
    "Affiliate License-Licensor": "b8268944e4d17c6e6c68bec54cbf7d12f412e1bb834a5fd8862d0147f4b499ef",
    "Anti-Assignment": "9000116c6b1159b3f8ef959118fb066e007563e5c3a0bf1506db1bca32c8b11d",
    "Audit Rights": "73243d4e8c9a61df8f065b2ee8bc01945f002b6399b209a7ce3695f48192c2f8",
    "Cap On Liability": "71d66e115f882089b2c64f19a10cf418261a3c0783267494a2f8a759a133e845",
    "Change Of Control": "3f9269f008d32894410b360fe9aae5fa460aaa2b8d25556116be4cca2c406d90",
    "Competitive Restriction Exception": "83e409b847bc96173fd806281dbe29e194ec155355b61a77eed5d806cdefee6d",
    "Covenant Not To Sue": "344a27ff156359a29f077d87f9bf0265b533d66e989a03982dc154cb1aa2704b",
    "Effective Date": "309798be72c0604be55667f87747e3899f9f9de9d296431cf811889e0dead8a7",
    "Exclusivity": "bcc604234cca74d51fc941717595662c9fa967fe0bb348c802bcf5abccf0a6ea",
    "Expiration Date": "2dad03017d6abd20768ad70c0a5e7bf1924a5a14371e90c7bf4b5b088e67cd32",
    "Governing Law": "163db73bb71de93322484b9ffe683995645bbb7af6f6b912ee8ef7e86963cbc0",
    "Insurance": "b57265f6de6d863fa095133001236e75384d13a3619826b9f6f2550976437fbb",
    "Ip Ownership Assignment": "867059b105918da32b6982fd3e948d07e133e844788c45a74226434348113d28",
    "Irrevocable Or Perpetual License": "a10acfc7b6f9b3bcf9747f949db901854d2cacb0631134f6ed64a8d4b02b895f",
    "Joint Ip Ownership": "d2242d2246a7911359748151ff5e17ed8417b684e564d55992bb210085ecdf3c",
    "License Grant": "e1c61ad5b72d3c154050e4c3228b33e68a6baedc4c98bb5dc0062aaef154ebd8",
    "Liquidated Damages": "2520ab38528c92990c0bd702e595db850ceae5c3ea545f86a405e60f32d13a65",
    "Minimum Commitment": "405b06d5e57fe2bfebaedde9ed5bb925d7bdb91ed8b2ef595bdf8987b3614490",
    "Most Favored Nation": "cee9dfdbbeaf321fe9062f01dc31a7226766ba3fccc81cb46adce8256e5d015c",
    "No-Solicit Of Customers": "8dfe32452687ea2920f42b6623e4894b92423984aeda39010fedb10fdca28a9d",
    "No-Solicit Of Employees": "73319babc5694f21a85ef51a22ac87b76be521f5589f53ca3505a64fa5ced0ff",
    "Non-Compete": "583c501a722cfd59860d2b9e1a0ab27dd2d63276d3d6d2eae07ed3c82bd91e65",
    "Non-Disparagement": "0e22200f51266fe25a320fd9c96dba5fd8ce1d23dfe6d485e0f8ceac6f337e42",
    "Non-Transferable License": "cbba76d5cd1a388025ede05a4c2af5526aa433ac79c1df9a7d2250a0cb2f9244",
    "Notice Period To Terminate Renewal": "6078760007f92d016389066a96f7a7560bbb83b71ff295661799fa8f3ffb7941",
    "Post-Termination Services": "236dd2fb4065be93db8d000365a6bfab5372e72ffd71b7ead1fac7f028254626",
    "Price Restrictions": "134f24d841ae48fe15a51631b28e073b972ec34b7082ac515853bd13596b6a59",
    "Renewal Term": "88f567f7c26615227fd4d3abb55e71fc260247bb608b93e7246bb330472cb1ff",
    "Revenue-Profit Sharing": "d5ade7c755dc891114b93da782078ee1ede3034d3db6cf82f39d01ce8661d0cd",
    "Rofr-Rofo-Rofn": "4806185ff2c1871b9afc5de884c115fb34e61863b1b44ae440077f70b4b028cc",
    "Source Code Escrow": "0c0b61a118e6fc7157ff75ea9cacda2b0c5408485a5e70bfda182c6c129ee5a0",
    "Termination For Convenience": "35e8f005143edda921d061f7301ff85d9780c0b83f0fbd734715a96623a950be",
    "Third Party Beneficiary": "7ad7c4755c540d35cc9ad954cbc032276c53854247361df5773ddf2525d7425b",
    "Uncapped Liability": "18d0d142f4e3c2e6a5b358f2debabfaa4a90b95000bdacef7d04a971b06b3342",
    "Unlimited-All-You-Can-Eat-License": "1e4f086a23e6e1dac0952440cbbb61ff2679dd750e7d02baae0495cc7f6b7d9e",
    "Volume Restriction": "1e64ccb16bb372beb751e67e76d1c122ce584edca6a6c6282254ed828db2672a",
    "Warranty Duration": "355e38f1591d9fcc731403071c7ab2ce4598f22d79c2621b9860bf0995fa83fb",
}

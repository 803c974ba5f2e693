import assert from "node:assert/strict";
import { test } from "node:test";
import { lineOf } from "../src/setting/words";
import { data, shipped, shippedNames } from "./setting_data";

test("lines", () => { for (const n of shippedNames) console.log(n, "::", lineOf(shipped(n), data));
 const base = {name:"x", start_date:"2027-01-04", horizon_weeks:156};
 console.log(lineOf({...base, dosage:[{mode:"video",every_weeks:2,hours:1.5,last_week:104},{mode:"onsite",every_weeks:26,hours:4,last_week:104}], shocks:[{kind:"provider_leaves",week:27,provider:"provider_1"}]}, data));
 console.log(lineOf({...base, dosage:[{mode:"onsite",every_weeks:13,hours:4,last_week:52},{mode:"video",every_weeks:4,hours:1.5,last_week:52},{mode:"onsite",every_weeks:26,hours:4,first_week:53,last_week:104},{mode:"video",every_weeks:6,hours:1.5,first_week:53,last_week:104}], shocks:[{kind:"provider_leaves",week:53,provider:"Ann"},{kind:"dosage_cut",week:53,factor:0.5,until_week:80}]}, data));
 assert.ok(true); });

// Generated from docs/openapi.json by `make openapi`.

/** An account that is deleted. It can't be undone. */
export interface AccountDeleted {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** What was deleted. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When it was deleted. */
  as_of: string;
  deleted: true;
  /** Exported files that hadn't expired yet. */
  files: number;
}

/** The answer to a question in words, or tier 3 alone. */
export type AskResponse =
  AskedSpendSummary | AskedBudgetStatus | AskedSavingsTotal | AskedExpenseList | AskedExpenseAdded |
  AskedExpenseCorrected | AskedWeather | AskedDistance | AskedFuelNeeded | AskedNearbyParks | AskedGasPrice | LeftToChat;

/** A question that was understood as `budget_status`, and its answer. */
export interface AskedBudgetStatus {
  tier: 1;
  intent: "budget_status";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: BudgetStatus;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `distance`, and its answer. */
export interface AskedDistance {
  tier: 2;
  intent: "distance";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: Distance;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `add_expense`, and its answer. */
export interface AskedExpenseAdded {
  tier: 2;
  intent: "add_expense";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: ExpenseAdded;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `correct_expense`, and its answer. */
export interface AskedExpenseCorrected {
  tier: 2;
  intent: "correct_expense";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: ExpenseCorrected;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `list_expenses`, and its answer. */
export interface AskedExpenseList {
  tier: 1;
  intent: "list_expenses";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: ExpenseList;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `fuel_estimate`, and its answer. */
export interface AskedFuelNeeded {
  tier: 2;
  intent: "fuel_estimate";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: FuelNeeded;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `gas_prices`, and its answer. */
export interface AskedGasPrice {
  tier: 2;
  intent: "gas_prices";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: GasPrice;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `nearby_parks`, and its answer. */
export interface AskedNearbyParks {
  tier: 2;
  intent: "nearby_parks";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: NearbyParks;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `savings_total`, and its answer. */
export interface AskedSavingsTotal {
  tier: 1;
  intent: "savings_total";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: SavingsTotal;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `spend_summary`, and its answer. */
export interface AskedSpendSummary {
  tier: 1;
  intent: "spend_summary";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: SpendSummary;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** A question that was understood as `weather`, and its answer. */
export interface AskedWeather {
  tier: 2;
  intent: "weather";
  /** The values in the question. */
  slots: Record<string, string | number>;
  answer: Weather;
  text: string;
  source: string;
  simulated: boolean;
  as_of: string;
  /** Of the question in its conversation, for feedback; left out where it is in none. */
  message_id?: string;
}

/** Who belongs to an audience of a user. Friends belong to the followers. */
export type Audience =
  "everybody" | "followers" | "friends" | "nobody";

/** A budget for a calendar month, and what of it is spent. */
export interface BudgetItem {
  /** Null: all categories together. */
  category: Category | null;
  window: DateRange;
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  limit: string;
  spent: string;
  /** Negative when over. */
  left: string;
  /** Near from 80 % on. */
  state: "good" | "near" | "over";
  /** What is included from other currencies. */
  converted: ConvertedTotal[];
  /** What isn't included: no exchange rate is known yet. */
  not_included: CurrencySum[];
}

/** How this month's budgets stand. */
export interface BudgetStatus {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it comes from; simulated data is named as such. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When the figures were read. */
  as_of: string;
  tier: 1;
  /** Whether it comes from the cache: nothing was written since. */
  cached: boolean;
  /** Whether it may be outdated: the database can't be reached. */
  stale: boolean;
  /** Of a stale answer: its age in seconds. */
  age_s?: number;
  /** Of a stale answer: why. */
  reason?: "database_unavailable";
  window: PeriodRange;
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  /** The only category that was asked about, if it was one. */
  category: Category | null;
  /** The first day of the month that the records cover; null without an expense until today. */
  since: string | null;
  /** Days of the month after today. */
  days_left: number;
  /** Those in the traveller's currency. */
  budgets: ProjectedBudget[];
  /** All of those together. */
  total: ProjectedBudget | null;
  other_currencies: ProjectedBudget[];
}

/** The category of an expense. */
export type Category =
  "fuel" | "groceries" | "food" | "dining" | "camping" | "maintenance" | "tolls" | "propane" | "entertainment" |
  "insurance" | "laundry" | "shopping" | "medical" | "internet" | "utilities";

/** What was spent on one category. */
export interface CategorySum {
  category: Category;
  total: string;
  /** Of expenses, without refunds. */
  count: number;
  /** Of the categories above zero, from 0 to 1; 0 below. */
  share: number;
}

/** One of the meanings of an ambiguous field. */
export interface Choice {
  /** How it reads. */
  text: string;
  /** The value of the field that means only this. */
  value: string;
}

/** What the rig uses. */
export interface ConsumptionFigure {
  value: number;
  unit: "mpg" | "l_per_100km";
  /** `You`, or the rig's name. */
  source: string;
}

/** An amount in the traveller's currency, at the reference rate of the expense's day. */
export interface ConvertedAmount {
  amount: string;
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  /** For one unit of the expense's currency. */
  rate: string;
  /** The expense's day, or the last before it that has a rate. */
  rate_date: string;
  /** Who published the rate. */
  source: string;
}

/** Amounts in another currency that a sum includes, each at the reference rate of its day. */
export interface ConvertedTotal {
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  /** In that currency. */
  total: string;
  /** In the sum's currency. */
  value: string;
  /** How many, refunds apart. */
  count: number;
  /** The day of the oldest rate. */
  first_rate_date: string;
  /** The day of the newest rate. */
  last_rate_date: string;
  /** Who published the rate. */
  source: string;
}

/** Amounts in another currency that a sum doesn't include, since no exchange rate is known yet. */
export interface CurrencySum {
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  total: string;
  /** How many, refunds apart. */
  count: number;
}

/** Whole days in the traveller's zone. */
export interface DateRange {
  /** The first day. */
  from: string;
  /** The day after the last. */
  to: string;
}

/** One day's weather. */
export interface DayForecast {
  date: string;
  high: number | null;
  low: number | null;
  gusts: number | null;
  condition: string | null;
  rain_chance: number | null;
  /** In mm. */
  rain: number | null;
  /** In cm. */
  snow: number | null;
  uv_index: number | null;
  sunshine_hours: number | null;
  /** Equal to the sunset in the polar night. */
  sunrise: string | null;
  /** A day after the sunrise in the polar day. */
  sunset: string | null;
}

/** How far it is by road. */
export interface Distance {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it comes from; simulated data is named as such. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When the oldest fact was fetched; now, where no source was needed. */
  as_of: string;
  tier: 2;
  /** Whether no source had to be called. */
  cached: boolean;
  /** Whether a fact is older than it should be, because its source gives no newer one. */
  stale: boolean;
  /** Of a stale answer: its age in seconds. */
  age_s?: number;
  /** Of a stale answer: why. */
  reason?: "source_unavailable";
  origin: NamedPoint;
  destination: NamedPoint;
  /** By road, in `unit`. */
  distance: number;
  unit: "mi" | "km";
  rig_check: RigCheck;
  /** Driving time without stops, in seconds. */
  duration_s: number;
}

/** A value that a fact had before. */
export interface EarlierValueItem {
  value: string;
  since: string;
  until: string;
}

/** A write that was undone. */
export interface EffectUndone {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where the write was recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When it was undone. */
  as_of: string;
  undone: true;
  /** Of an expense: its budget without it, if it has one. */
  budget?: BudgetItem;
}

/** An empty object: the user's token is all that matters. */
export interface EmptyBody {
}

/** A request that is refused, or a fault of PAM's own. */
export interface Error {
  /** Stable: clients may rely on it. */
  code: "malformed_json" | "invalid_idempotency_key" | "invalid_subject" | "not_found" | "effect_not_found" |
    "expense_not_found" | "message_not_found" | "memory_not_found" | "product_not_found" | "order_not_found" |
    "event_not_found" | "vehicle_not_found" | "confirmation_not_found" | "post_not_found" | "user_not_found" |
    "friendship_not_found" | "method_not_allowed" | "request_in_progress" | "turn_running" | "undo_expired" |
    "modified_since" | "selection_expired" | "cart_changed" | "out_of_stock" | "confirmation_expired" |
    "confirmation_used" | "confirmation_mismatch" | "event_full" | "body_too_large" | "invalid_request" |
    "invalid_amount" | "ambiguous_amount" | "unknown_category" | "unknown_saving_kind" | "unknown_format" |
    "account_not_confirmed" | "invalid_date" | "date_in_future" | "date_too_old" | "invalid_typed_at" | "entry_too_old"
    | "ambiguous_date" | "date_in_past" | "invalid_time" | "nonexistent_time" | "ambiguous_time" | "invalid_end" |
    "ambiguous_event" | "ambiguous_product" | "cart_empty" | "cart_full" | "cart_currency" | "invalid_text" |
    "unknown_period" | "invalid_window" | "invalid_limit" | "invalid_cursor" | "unknown_time_zone" | "unknown_currency"
    | "unknown_locale" | "invalid_quantity" | "ambiguous_unit" | "invalid_odometer" | "fuel_mismatch" |
    "ambiguous_vehicle" | "location_needed" | "no_route" | "no_price_source" | "unknown_place" | "ambiguous_place" |
    "place_too_large" | "arrives_too_late" | "unknown_recipient" | "ambiguous_recipient" | "recipient_not_allowed" |
    "name_taken" | "profile_needed" | "place_is_private" | "idempotency_key_reused" | "message_limit_reached" |
    "export_limit_reached" | "rate_limited" | "queue_full" | "daily_limit_reached" | "internal_error" |
    "database_unavailable" | "store_unavailable" | "source_unavailable" | "source_not_configured" | "chat_disabled" |
    "model_busy" | "model_unavailable" | "model_interrupted" | "model_refused" | "no_answer" | "conversation_too_long" |
    "turn_timed_out" | "cost_exceeded" | "turn_lost" | "tool_disabled" | "untrusted_recipient" | "untrusted_link" |
    "message_refused" | "answer_withheld" | "chat_suspended" | "unknown_tool" | "tool_timed_out" | "export_too_large" |
    "tool_result_too_large";
  /** A sentence for the traveller. */
  message: string;
  /** What to correct. */
  field?: string;
  /** Seconds to wait before a retry. */
  retry_after?: number;
  /** What an ambiguous field can mean. */
  choices?: Choice[];
}

/** An expense that was added. */
export interface ExpenseAdded {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it was recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When it was recorded. */
  as_of: string;
  tier: 2;
  expense: ExpenseItem;
  /** Null without a budget for the category. */
  budget: BudgetItem | null;
  undo: UndoLink;
}

/** The fields of an expense to be changed; omitted ones stay. At least one is needed. `timezone` is the current time
 * zone of the user's device, if it is known. */
export interface ExpenseChanges {
  amount?: number | string | null;
  category?: Category | null;
  description?: string | null | null;
  /** The day of the expense, today at the latest and at most a year ago. Without it, today. */
  date?: string | null;
  /** Without it, the expense's own. */
  currency?: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR" | null;
  /** A refund reduces what its category has spent. */
  kind?: "expense" | "refund" | null;
  timezone?: string | null;
}

/** An expense that was corrected. */
export interface ExpenseCorrected {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it is recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When it was corrected. */
  as_of: string;
  tier: 2;
  expense: ExpenseItem;
  /** The expense as it was. */
  before: ExpenseItem;
  /** Null without a budget for the category. */
  budget: BudgetItem | null;
  /** Null where nothing was changed. */
  undo: UndoLink | null;
}

/** An expense that was deleted. */
export interface ExpenseDeleted {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it was recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When it was deleted. */
  as_of: string;
  tier: 2;
  /** The expense as it was. */
  deleted: ExpenseItem;
  /** Without it; null without a budget for the category. */
  budget: BudgetItem | null;
  undo: UndoLink;
}

/** An expense or a refund as it is recorded. */
export interface ExpenseItem {
  id: string;
  /** A refund reduces what its category has spent. */
  kind: "expense" | "refund";
  /** Negative for a refund. */
  amount: string;
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  category: Category;
  description: string;
  /** Where the traveller is. */
  date: string;
  created_at: string;
  /** Null in the traveller's own currency, and while no exchange rate is known. */
  converted: ConvertedAmount | null;
}

/** Expenses of a window, newest first. */
export interface ExpenseList {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it comes from; simulated data is named as such. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When the figures were read. */
  as_of: string;
  tier: 1;
  /** Whether it comes from the cache: nothing was written since. */
  cached: boolean;
  /** Whether it may be outdated: the database can't be reached. */
  stale: boolean;
  /** Of a stale answer: its age in seconds. */
  age_s?: number;
  /** Of a stale answer: why. */
  reason?: "database_unavailable";
  window: PeriodRange;
  /** The only category that was asked about, if it was one. */
  category: Category | null;
  expenses: ExpenseItem[];
  /** Where the next page begins; null on the last. */
  next_cursor: string | null;
}

/** What is to be corrected of a fact; at least one is needed. */
export interface FactChanges {
  /** What is right. The wrong value isn't kept. */
  value?: string | null;
  /** Whether it is a preference for every answer. */
  standing?: boolean | null;
  timezone?: string | null;
}

/** A fact that was corrected. */
export interface FactCorrected {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it is recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When it was corrected. */
  as_of: string;
  id: string;
  subject: string;
  value: string;
  standing: boolean;
  /** Null where nothing was changed. */
  undo: UndoLink | null;
}

/** A verdict that was recorded. */
export interface FeedbackRecorded {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it is recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When it was recorded. */
  as_of: string;
  message_id: string;
  verdict: "fine" | "slow" | "wrong" | "forgot";
  tier_of_answer: number;
}

/** What an answer was like. */
export type FeedbackVerdict =
  "fine" | "slow" | "wrong" | "forgot";

/** A friend, or somebody who was asked or asks; with what they show to the traveller of themselves. */
export interface FriendItem {
  id: string;
  name: string;
  state: "friend" | "incoming" | "outgoing";
  /** When it was accepted, or asked for. */
  since: string;
  bio: string;
  rig_type: string;
  rig_year: number | null;
  home_base: string;
}

/** A traveller's friends and open requests, the newest first. */
export interface FriendList {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it is recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When its data was read. */
  as_of: string;
  friends: FriendItem[];
  /** Who asks the traveller. */
  incoming: FriendItem[];
  /** Whom the traveller asks. */
  outgoing: FriendItem[];
}

/** That a request is accepted. */
export interface FriendRequestDecision {
  timezone?: string | null;
  accepted: true;
}

/** A request or a friendship after a change. */
export interface FriendshipChanged {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it is recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When its data was read. */
  as_of: string;
  friend: FriendItem;
}

/** A friendship that has ended, or a request that was declined or withdrawn. */
export interface FriendshipEnded {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it was recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When its data was read. */
  as_of: string;
  ended: true;
}

/** The fuel that a way takes, and what it costs, as far as that is known. */
export interface FuelNeeded {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it comes from; simulated data is named as such. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When the oldest fact was fetched; now, where no source was needed. */
  as_of: string;
  tier: 2;
  /** Whether no source had to be called. */
  cached: boolean;
  /** Whether a fact is older than it should be, because its source gives no newer one. */
  stale: boolean;
  /** Of a stale answer: its age in seconds. */
  age_s?: number;
  /** Of a stale answer: why. */
  reason?: "source_unavailable";
  /** In `volume_unit`; null without a consumption. */
  volume: number | null;
  volume_unit: "gal" | "l";
  /** Null without a consumption or a price. */
  cost: string | null;
  /** Of the cost and the price. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR" | null;
  consumption: ConsumptionFigure | null;
  price: PriceFigure | null;
  /** What PAM must be told before it knows the cost. */
  missing: ("consumption" | "price")[];
  origin: NamedPoint | null;
  destination: NamedPoint | null;
  /** In `unit`. */
  distance: number;
  unit: "mi" | "km";
  rig_check: RigCheck | null;
}

/** The average price of a fuel in a region: no single station's. */
export interface GasPrice {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it comes from; simulated data is named as such. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When the oldest fact was fetched; now, where no source was needed. */
  as_of: string;
  tier: 2;
  /** Whether no source had to be called. */
  cached: boolean;
  /** Whether a fact is older than it should be, because its source gives no newer one. */
  stale: boolean;
  /** Of a stale answer: its age in seconds. */
  age_s?: number;
  /** Of a stale answer: why. */
  reason?: "source_unavailable";
  fuel_type: "regular" | "mid" | "premium" | "diesel";
  area: string;
  /** The Monday of the week it is the average of. */
  week: string;
  price: string;
  unit: "gal" | "l";
  currency: "USD";
}

/** API Gateway's own response, before or instead of PAM's. */
export interface GatewayMessage {
  message: string;
}

/** What gusts mean for a high-sided rig. */
export interface GustWarning {
  level: "caution" | "warning" | "danger";
  /** The strongest. */
  gusts: number;
  /** ISO 8601, to the minute. */
  at: string;
  text: string;
}

/** A span of time where the place is. */
export interface HourRange {
  /** ISO 8601, to the minute. */
  from: string;
  /** ISO 8601, to the minute. */
  to: string;
  /** An IANA time zone. */
  time_zone: string;
}

/** A ticket that opens a WebSocket once. */
export interface IssuedTicket {
  ticket: string;
  /** The socket opens at this address with `?ticket=` and the ticket. */
  url: string;
  expires_at: string;
  /** Seconds. */
  expires_in: 60;
}

/** A question that no fast answer is sure of. */
export interface LeftToChat {
  tier: 3;
  intent: "chat";
  slots: Record<string, string>;
}

/** Where the device is, in degrees, rounded to a metre. */
export interface Location {
  latitude: number;
  longitude: number;
}

/** Memories that were deleted. It can't be undone. */
export interface MemoriesDeleted {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where they were recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When they were deleted. */
  as_of: string;
  deleted: true;
  facts: number;
  episodes: number;
  messages: number;
}

/** Something that PAM remembers. */
export interface MemoryItem {
  kind: "facts" | "preferences" | "episodes" | "messages";
  /** A number; of a message its UUID. */
  id: string;
  /** A subject or a topic; empty for a message. */
  title: string;
  /** The value, the summary or the message. */
  text: string;
  /** From when it holds, or when it was sent. */
  since: string;
  /** Of a summary: when its last message was sent. */
  until: string | null;
  /** Whether the traveller asked PAM to remember it, or corrected it. */
  stated: boolean;
  /** Of a preference: whether it fits into what every question has. */
  in_prompt: boolean;
  /** Of a fact: its earlier values. */
  earlier: EarlierValueItem[];
  /** Where it comes from, the newest five at most. */
  sources: MemorySourceItem[];
  /** How many sources there are beside these. */
  more_sources: number;
}

/** A page of what PAM remembers, newest first. */
export interface MemoryList {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it is recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When it was read. */
  as_of: string;
  memories: MemoryItem[];
  /** Where the next page begins; null on the last. */
  next_cursor: string | null;
}

/** What a deletion would delete. Nothing is deleted yet. */
export interface MemorySelection {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it is recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When it was selected. */
  as_of: string;
  /** Deletes exactly this: `DELETE /v1/memories/selections/{id}`. */
  id: string;
  /** Ten minutes later. */
  expires_at: string;
  everything: boolean;
  /** Facts with their earlier values, and single earlier values. */
  facts: number;
  /** Summaries of conversations. */
  episodes: number;
  /** Messages, each with its answer. */
  messages: number;
  /** Some of these facts and messages. */
  samples: string[];
}

/** A message with its answer that a memory comes from. */
export interface MemorySourceItem {
  /** The id that the client gave to the message. */
  message_id: string;
  conversation_id: string;
  sent_at: string;
  messages: SourceMessageItem[];
}

/** A place on the map. */
export interface NamedPoint {
  name: string;
  latitude: number;
  longitude: number;
}

/** Places to camp near a place; none where the source knows none. */
export interface NearbyParks {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it comes from; simulated data is named as such. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When the oldest fact was fetched; now, where no source was needed. */
  as_of: string;
  tier: 2;
  /** Whether no source had to be called. */
  cached: boolean;
  /** Whether a fact is older than it should be, because its source gives no newer one. */
  stale: boolean;
  /** Of a stale answer: its age in seconds. */
  age_s?: number;
  /** Of a stale answer: why. */
  reason?: "source_unavailable";
  place: NamedPoint;
  /** In `radius_unit`. */
  radius: number;
  radius_unit: "mi" | "km";
  unit: "mi" | "km";
  /** The nearest first. */
  parks: Park[];
}

/** The fields of an expense or a refund to be created; omitted ones get their defaults from the user's profile.
 * `timezone` is the time zone of the user's device, if it is known: it determines today's date, that of `typed_at`. */
export interface NewExpense {
  /** More than 0, at most 1,000,000, at most two decimal places: a number, a plain decimal string, or the notation of
   * the traveller's locale with or without a currency, such as €45 or 1.200,50. */
  amount: number | string;
  category: Category;
  /** Without control characters, line breaks and tabs apart. */
  description?: string | null;
  /** The day of the expense, today at the latest and at most a year ago. Without it, today. */
  date?: string | null;
  /** Without it, the traveller's own. */
  currency?: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR" | null;
  /** A refund reduces what its category has spent. */
  kind?: "expense" | "refund";
  timezone?: string | null;
  /** When it was typed, for an entry that is delivered later: “today” and “yesterday” count from then, in `timezone`.
   * At most 31 days ago, and not in the future. Without it, now. */
  typed_at?: string | null;
}

/** A verdict on an answer; a later one replaces it. */
export interface NewFeedback {
  /** Of the question that was answered, in the hyphenated form of a UUID. */
  message_id: string;
  verdict: FeedbackVerdict;
}

/** Whose friendship to ask for. */
export interface NewFriendRequest {
  timezone?: string | null;
  /** The whole name that the other shows. */
  name: string;
}

/** What is to be deleted: all about a topic, or everything. */
export interface NewSelection {
  /** Words that all have to be in it, in any form. */
  topic?: string | null;
  /** All conversations and all that PAM remembers. */
  everything?: boolean;
}

/** A place to camp. */
export interface Park {
  name: string;
  address: string | null;
  latitude: number;
  longitude: number;
  /** As the crow flies, in `unit`. */
  distance: number;
  phone: string | null;
  website: string | null;
}

/** The days that an answer is about. */
export interface PeriodRange {
  /** The first day. */
  from: string;
  /** The day after the last. */
  to: string;
  /** The period it came from; null where two dates were given. */
  period: string | null;
  /** An IANA time zone. */
  time_zone: string;
}

/** What a gallon or a litre costs. */
export interface PriceFigure {
  value: string;
  unit: "gal" | "l";
  /** `You`, or EIA. */
  source: string;
  /** The region of an average. */
  area: string | null;
  /** The Monday of an average's week. */
  week: string | null;
}

/** A traveller's own profile after a change. */
export interface ProfileChanged {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it is recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When its data was read. */
  as_of: string;
  /** What others see; null: they see nothing of the traveller. */
  name: string | null;
  bio: string;
  rig_type: string;
  rig_year: number | null;
  home_base: string;
  privacy: ProfilePrivacy;
  /** Null where nothing was changed. */
  undo: UndoLink | null;
}

/** What is to be changed of the own profile; at least one field. An empty rig type removes its year, too. */
export interface ProfileChanges {
  /** What others see; nobody else has it. */
  name?: string | null;
  bio?: string | null;
  /** In the traveller's words. */
  rig_type?: string | null;
  /** Next year's at most. */
  rig_year?: number | null;
  home_base?: string | null;
  /** Bio, rig and home base. */
  who_sees_profile?: "everybody" | "followers" | "friends" | "nobody" | null;
  /** The place, while it is shared. */
  who_sees_place?: "everybody" | "followers" | "friends" | "nobody" | null;
  who_sees_activity?: "everybody" | "followers" | "friends" | "nobody" | null;
  who_may_write?: "everybody" | "friends" | "nobody" | null;
  timezone?: string | null;
}

/** Who sees what of a traveller, and who may write to them. */
export interface ProfilePrivacy {
  who_sees_profile: "everybody" | "followers" | "friends" | "nobody";
  who_sees_place: "everybody" | "followers" | "friends" | "nobody";
  who_sees_activity: "everybody" | "followers" | "friends" | "nobody";
  who_may_write: "everybody" | "friends" | "nobody";
}

/** A budget, and its projection to the end of the month. */
export interface ProjectedBudget {
  /** Null: all categories together. */
  category: Category | null;
  window: DateRange;
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  limit: string;
  spent: string;
  /** Negative when over. */
  left: string;
  /** Near from 80 % on. */
  state: "good" | "near" | "over";
  /** What is included from other currencies. */
  converted: ConvertedTotal[];
  /** What isn't included: no exchange rate is known yet. */
  not_included: CurrencySum[];
  /** The likely sum at the month's end; null with too few days of records. */
  projected: string | null;
  /** What the rest of up to three months before brought, or this month's pace as recorded. */
  projection_basis: "months_before" | "pace" | null;
}

/** A question, the device's location and time zone, and when it was typed. */
export interface Question {
  /** What is asked, or an expense to add; not blank. */
  text: string;
  timezone?: string | null;
  /** When it was typed, for an entry that is delivered later: “today” and “yesterday” count from then, in `timezone`.
   * At most 31 days ago, and not in the future. Without it, now. */
  typed_at?: string | null;
  location?: Location | null;
  /** The conversation that the question is asked in, whose context gets the answer. */
  conversation_id?: string | null;
}

/** Whether a road is high and strong enough for the rig, whose measures are as far as they are known. */
export interface RigCheck {
  /** False: no source knows clearances and weight limits. */
  checked: boolean;
  /** Null without a vehicle. */
  rig: string | null;
  /** In the traveller's units. */
  height: string | null;
  /** In the traveller's units. */
  weight: string | null;
}

/** What was saved by one kind of thing. */
export interface SavingsByKind {
  kind: "gas" | "campground" | "route" | "other";
  total: string;
  count: number;
}

/** What was saved in another currency and isn't included, since no exchange rate is known yet. */
export interface SavingsInCurrency {
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  total: string;
}

/** What was saved in a window, in the traveller's currency: only what they confirmed as real. */
export interface SavingsTotal {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it comes from; simulated data is named as such. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When the figures were read. */
  as_of: string;
  tier: 1;
  /** Whether it comes from the cache: nothing was written since. */
  cached: boolean;
  /** Whether it may be outdated: the database can't be reached. */
  stale: boolean;
  /** Of a stale answer: its age in seconds. */
  age_s?: number;
  /** Of a stale answer: why. */
  reason?: "database_unavailable";
  window: PeriodRange;
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  total: string;
  count: number;
  /** The largest first. */
  by_kind: SavingsByKind[];
  /** What is included from other currencies. */
  converted: ConvertedTotal[];
  other_currencies: SavingsInCurrency[];
}

/** A message of the traveller's or of PAM's. */
export interface SourceMessageItem {
  role: "user" | "assistant";
  /** Without secrets; a long one is shortened. */
  text: string;
}

/** What was spent in a window, in the traveller's currency. */
export interface SpendSummary {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it comes from; simulated data is named as such. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When the figures were read. */
  as_of: string;
  tier: 1;
  /** Whether it comes from the cache: nothing was written since. */
  cached: boolean;
  /** Whether it may be outdated: the database can't be reached. */
  stale: boolean;
  /** Of a stale answer: its age in seconds. */
  age_s?: number;
  /** Of a stale answer: why. */
  reason?: "database_unavailable";
  window: PeriodRange;
  /** ISO 4217. */
  currency: "AUD" | "CAD" | "CHF" | "DKK" | "EUR" | "GBP" | "MXN" | "NOK" | "NZD" | "SEK" | "USD" | "ZAR";
  /** The only category that was asked about, if it was one. */
  category: Category | null;
  /** False for a category in which the traveller has nothing at all. */
  category_in_use: boolean;
  total: string;
  count: number;
  /** The first day of the average: the window's, or that of the first expense if it is later. */
  since: string | null;
  /** Per elapsed day from `since` on; null where the records cover none. */
  daily_average: string | null;
  /** The largest first. */
  by_category: CategorySum[];
  /** Null unless the records cover the period before. */
  change: SpendingChange | null;
  top_expense: ExpenseItem | null;
  /** What is included from other currencies. */
  converted: ConvertedTotal[];
  /** What isn't included: no exchange rate is known yet. */
  other_currencies: CurrencySum[];
}

/** Against the same days of the period before. */
export interface SpendingChange {
  window: DateRange;
  total: string;
  /** What is more now, or less. */
  amount: string;
  /** The same in percent; null where nothing was spent before. */
  percent: number | null;
}

/** A traveller's own profile. */
export interface TravellerProfile {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it is recorded. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When its data was read. */
  as_of: string;
  /** What others see; null: they see nothing of the traveller. */
  name: string | null;
  bio: string;
  rig_type: string;
  rig_year: number | null;
  home_base: string;
  privacy: ProfilePrivacy;
}

/** The request that undoes a write. */
export interface UndoLink {
  method: "DELETE";
  href: string;
  /** Ten minutes after the write. */
  expires_at: string;
}

/** The weather at a place in a period. */
export interface Weather {
  /** The answer in a sentence, in the traveller's units, currency and language. */
  text: string;
  /** Where it comes from; simulated data is named as such. */
  source: string;
  /** Whether a source is a stand-in, or the traveller is made up. */
  simulated: boolean;
  /** When the oldest fact was fetched; now, where no source was needed. */
  as_of: string;
  tier: 2;
  /** Whether no source had to be called. */
  cached: boolean;
  /** Whether a fact is older than it should be, because its source gives no newer one. */
  stale: boolean;
  /** Of a stale answer: its age in seconds. */
  age_s?: number;
  /** Of a stale answer: why. */
  reason?: "source_unavailable";
  place: NamedPoint;
  period: string;
  part_of_day: "morning" | "noon" | "afternoon" | "evening" | "night" | null;
  /** What the text states; null for a summary. */
  measure: "temperature" | "high" | "low" | "freezing" | "feels_like" | "rain" | "snow" | "sleet" | "hail" | "storm" |
    "fog" | "wind" | "humidity" | "uv" | "sun" | "cloud" | "sunrise" | "sunset" | null;
  window: HourRange;
  units: WeatherUnits;
  /** Only for a period that holds this moment. */
  now: WeatherMoment | null;
  hours: WeatherHour[];
  /** Whole days only. */
  days: DayForecast[];
  wind_warning: GustWarning | null;
}

/** One hour's weather. */
export interface WeatherHour {
  /** ISO 8601, to the minute. */
  time: string;
  temperature: number | null;
  wind: number | null;
  gusts: number | null;
  condition: string | null;
  feels_like: number | null;
  humidity: number | null;
  rain_chance: number | null;
  /** In mm. */
  rain: number | null;
  /** In cm. */
  snow: number | null;
  cloud_cover: number | null;
  uv_index: number | null;
}

/** The weather at a time. Null: not forecast. */
export interface WeatherMoment {
  /** ISO 8601, to the minute. */
  time: string;
  temperature: number | null;
  wind: number | null;
  gusts: number | null;
  condition: string | null;
  feels_like: number | null;
  humidity: number | null;
}

/** The units of the figures. */
export interface WeatherUnits {
  temperature: "°F" | "°C";
  speed: "mph" | "km/h";
  rain: "mm";
  snow: "cm";
}

/** Whose direct messages a user accepts. */
export type WhoMayWrite =
  "everybody" | "friends" | "nobody";

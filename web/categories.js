// The categories of an expense, in the order of the form. A test holds this list to the API's own.

const WORDS = {
  fuel: "Fuel",
  camping: "Camping",
  groceries: "Groceries",
  food: "Food",
  dining: "Dining out",
  maintenance: "Maintenance",
  propane: "Propane",
  tolls: "Tolls",
  entertainment: "Entertainment",
  insurance: "Insurance",
  internet: "Internet",
  laundry: "Laundry",
  medical: "Medical",
  shopping: "Shopping",
  utilities: "Utilities",
};

export const CATEGORIES = Object.keys(WORDS);

/** "dining" → "Dining out"; a category this page doesn't know yet is shown by its own name. */
export const categoryName = (category) =>
  Object.hasOwn(WORDS, category) ? WORDS[category] : category.charAt(0).toUpperCase() + category.slice(1);
